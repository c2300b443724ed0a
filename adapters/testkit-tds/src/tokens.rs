//! Tokens of answers (MS-TDS 2.2.7).

/// UTF-16, little-endian.
pub(crate) fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// A text with its length in characters, in one byte.
pub(crate) fn short(out: &mut Vec<u8>, text: &str) {
    let units = utf16(text);
    let units = &units[..units.len().min(510)];
    out.push((units.len() / 2) as u8);
    out.extend_from_slice(units);
}

/// A text with its length in characters, in two bytes.
fn long(out: &mut Vec<u8>, text: &str) {
    let units = utf16(text);
    out.extend_from_slice(&((units.len() / 2) as u16).to_le_bytes());
    out.extend_from_slice(&units);
}

fn sized(out: &mut Vec<u8>, token: u8, body: &[u8]) {
    out.push(token);
    out.extend_from_slice(&(body.len() as u16).to_le_bytes());
    out.extend_from_slice(body);
}

/// Something about the session changed.
pub(crate) fn env_change(out: &mut Vec<u8>, what: u8, new: &str, old: &str) {
    let mut body = vec![what];
    short(&mut body, new);
    short(&mut body, old);
    sized(out, 0xE3, &body);
}

/// An error, or (class 0 to 10) information.
pub(crate) fn error(out: &mut Vec<u8>, code: i32, class: u8, message: &str) {
    let mut body = code.to_le_bytes().to_vec();
    body.extend([1, class]);
    long(&mut body, message);
    short(&mut body, "TESTSQL");
    short(&mut body, "");
    body.extend(1_u32.to_le_bytes());
    sized(out, if class > 10 { 0xAA } else { 0xAB }, &body);
}

/// The login is accepted: TDS 7.4.
pub(crate) fn login_ack(out: &mut Vec<u8>) {
    let mut body = vec![1, 0x74, 0, 0, 4];
    short(&mut body, "Microsoft SQL Server");
    body.extend([16, 0, 0x03, 0xE8]);
    sized(out, 0xAD, &body);
}

/// What a DONE says.
pub(crate) const FINAL: u16 = 0;
pub(crate) const MORE: u16 = 1;
pub(crate) const ERROR: u16 = 2;
pub(crate) const COUNT: u16 = 0x10;
pub(crate) const ATTENTION: u16 = 0x20;

/// A statement's end (0xFD), or inside a procedure (0xFF), or of the procedure (0xFE).
pub(crate) fn done(out: &mut Vec<u8>, token: u8, status: u16, rows: u64) {
    out.push(token);
    out.extend(status.to_le_bytes());
    out.extend(0xC1_u16.to_le_bytes());
    out.extend(rows.to_le_bytes());
}

/// Ends an answer as the request began it.
pub(crate) fn finish(out: &mut Vec<u8>, procedure: bool, failed: bool, rows: u64) {
    let status = if failed { ERROR } else { COUNT };
    if !procedure {
        return done(out, 0xFD, status, rows);
    }
    done(out, 0xFF, status | MORE, rows);
    out.push(0x79);
    out.extend(0_u32.to_le_bytes());
    done(out, 0xFE, if failed { ERROR } else { FINAL }, 0);
}
