use super::*;
use crate::folder::glob::Glob;
use std::io::Write;

fn unpack(unpacking: &Unpacking, name: &str, bytes: &[u8]) -> Result<Vec<u8>, &'static str> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("f");
    std::fs::write(&path, bytes).unwrap();
    let code = |t: Trouble| match t {
        Trouble::Refused(r) => r.code,
        Trouble::Io(e) => panic!("{e}"),
    };
    let mut out = Vec::new();
    let mut src = unpacking.open(File::open(path).unwrap(), name).map_err(code)?;
    src.read_to_end(&mut out).map_err(|e| code(e.into()))?;
    Ok(out)
}

fn plain() -> Unpacking {
    Unpacking { packing: Packing::Auto, member: None, max: 1 << 30 }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut w = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    w.write_all(bytes).unwrap();
    w.finish().unwrap()
}

fn zip_of(members: &[(&str, &[u8])], deflated: bool) -> Vec<u8> {
    let mut w = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let method = if deflated { zip::CompressionMethod::Deflated } else { zip::CompressionMethod::Stored };
    for (name, bytes) in members {
        w.start_file(*name, zip::write::SimpleFileOptions::default().compression_method(method)).unwrap();
        w.write_all(bytes).unwrap();
    }
    w.finish().unwrap().into_inner()
}

#[test]
fn gzip_and_zip_unpack_by_name_or_by_word() {
    let text = b"A,B\n1,2\n".repeat(1000);
    assert_eq!(unpack(&plain(), "a.csv.GZ", &gzip(&text)).unwrap(), text);
    assert_eq!(unpack(&Unpacking { packing: Packing::Gzip, ..plain() }, "a", &gzip(&text)).unwrap(), text);
    let both = [gzip(b"one\n"), gzip(b"two\n")].concat();
    assert_eq!(unpack(&plain(), "a.gz", &both).unwrap(), b"one\ntwo\n", "members follow each other");
    for deflated in [false, true] {
        assert_eq!(unpack(&plain(), "a.zip", &zip_of(&[("a.csv", &text)], deflated)).unwrap(), text);
    }
    assert_eq!(unpack(&Unpacking { packing: Packing::None, ..plain() }, "a.gz", b"x").unwrap(), b"x");
}

#[test]
fn an_archive_cut_short_is_refused_wherever_it_was_cut() {
    let text: Vec<u8> = (0..200_u32).flat_map(|i| i.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
    let packed = gzip(&text);
    for cut in 1..packed.len() {
        assert_eq!(unpack(&plain(), "a.gz", &packed[..cut]), Err("truncated-archive"), "cut at {cut}");
    }
    for deflated in [false, true] {
        let packed = zip_of(&[("a.csv", &text)], deflated);
        for cut in (2..packed.len()).step_by(7) {
            assert_eq!(unpack(&plain(), "a.zip", &packed[..cut]), Err("truncated-archive"), "cut at {cut}");
        }
    }
}

#[test]
fn a_damaged_archive_is_refused() {
    assert_eq!(unpack(&plain(), "a.gz", b"A,B\n1,2\nand so on"), Err("damaged-archive"));
    assert_eq!(unpack(&plain(), "a.zip", b"A,B\n1,2\nand so on"), Err("damaged-archive"));
    let mut packed = gzip(&b"some text that is long enough".repeat(9));
    let n = packed.len();
    packed[n - 6] ^= 1;
    assert_eq!(unpack(&plain(), "a.gz", &packed), Err("damaged-archive"), "checksum");
    let mut packed = zip_of(&[("a.csv", b"some text")], false);
    packed[38] ^= 1;
    assert_eq!(unpack(&plain(), "a.zip", &packed), Err("damaged-archive"), "checksum");
}

#[test]
fn the_member_is_named_or_the_only_one() {
    let packed = zip_of(&[("a.csv", b"a"), ("b.txt", b"b"), ("sub/", b"")], true);
    assert_eq!(unpack(&plain(), "x.zip", &packed), Err("archive-member"));
    let named = Unpacking { member: Some(Glob::parse("*.csv").unwrap()), ..plain() };
    assert_eq!(unpack(&named, "x.zip", &packed).unwrap(), b"a");
    let none = Unpacking { member: Some(Glob::parse("*.xml").unwrap()), ..plain() };
    assert_eq!(unpack(&none, "x.zip", &packed), Err("archive-member"));
}

#[test]
fn a_member_that_leads_out_refuses_the_archive() {
    for name in ["../../etc/passwd", "/etc/passwd", "a/../../b", "C:\\x", "..\\x"] {
        assert!(is_unsafe(name), "{name}");
    }
    assert!(!is_unsafe("a..b/c.csv"));
    assert_eq!(unpack(&plain(), "x.zip", &zip_of(&[("../../etc/passwd", b"x")], true)), Err("unsafe-archive-member"));
}

#[test]
fn an_archive_that_unpacks_to_too_much_is_refused_while_it_does() {
    let packed = gzip(&vec![b'0'; 1 << 20]);
    assert_eq!(unpack(&Unpacking { max: 1 << 19, ..plain() }, "a.gz", &packed), Err("archive-too-large"));
    // Far from `max_unpacked`, but a thousand times its size.
    let bomb = gzip(&vec![0; (64 << 20) + (1 << 16)]);
    assert_eq!(unpack(&plain(), "a.gz", &bomb), Err("archive-too-large"));
}

/// A gzip file of a hundred megabytes that unpacks to a hundred gigabytes of zeros: one block of it, many times over.
fn hundred_gigabytes(path: &std::path::Path) -> u64 {
    const BLOCK: usize = 64 << 20;
    let mut deflate = flate2::Compress::new(flate2::Compression::default(), false);
    let (mut block, zeros) = (Vec::with_capacity(1 << 20), vec![0; BLOCK]);
    while deflate.total_in() < BLOCK as u64 {
        let from = deflate.total_in() as usize;
        deflate.compress_vec(&zeros[from..], &mut block, flate2::FlushCompress::Full).unwrap();
        block.reserve(1 << 16);
    }
    let mut file = std::io::BufWriter::new(File::create(path).unwrap());
    file.write_all(&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff]).unwrap();
    let times = (100 << 30) / BLOCK as u64;
    (0..times).for_each(|_| file.write_all(&block).unwrap());
    file.write_all(&[0x03, 0x00]).unwrap();
    times * BLOCK as u64
}

#[test]
fn of_a_hundred_gigabytes_only_what_is_allowed_is_unpacked() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("f");
    assert_eq!(hundred_gigabytes(&path), 100 << 30);
    assert!(std::fs::metadata(&path).unwrap().len() < 200 << 20);
    let mut src = Unpacking { max: 300 << 20, ..plain() }.open(File::open(&path).unwrap(), "f.gz").unwrap();
    let (mut made, mut buf) = (0, vec![0; 1 << 20]);
    let error = loop {
        match src.read(&mut buf) {
            Ok(0) => panic!("it ends after {made} bytes"),
            Ok(n) => made += n,
            Err(e) => break Trouble::from(e),
        }
    };
    assert!(matches!(&error, Trouble::Refused(r) if r.code == "archive-too-large"), "{error}");
    assert!((200 << 20..=300 << 20).contains(&made), "{made} bytes were handed on");
}

#[test]
fn what_a_zip_claims_of_its_size_is_not_believed() {
    // A member of a hundred megabytes of zeros that claims to have ten bytes, in both of its headers.
    let mut zip = zip_of(&[("a.csv", &vec![0; 100 << 20])], true);
    let size = (100_u32 << 20).to_le_bytes();
    let places: Vec<usize> = zip.windows(4).enumerate().filter(|(_, w)| *w == size).map(|(i, _)| i).collect();
    assert_eq!(places.len(), 2);
    places.into_iter().for_each(|at| zip[at..at + 4].copy_from_slice(&10_u32.to_le_bytes()));
    assert_eq!(unpack(&plain(), "a.zip", &zip), Err("archive-too-large"));
}
