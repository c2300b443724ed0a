//! VT terminals: a program on a pty of ours, SSH, telnet.
