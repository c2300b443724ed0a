//! Runs flows: recognises, acts, waits, reads back, reads, verifies, and finds the way home.
