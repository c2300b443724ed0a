//! EBCDIC, as far as the stock system needs it: code pages 037 and 273.

/// A code page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CodePage {
    /// USA, Canada.
    #[default]
    Cp037,
    /// Germany, Austria.
    Cp273,
}

// Code points 0x40 to 0xFE, in order; 0xFF (eight ones) is left out.
const CP037: &str = " \u{a0}âäàáãåçñ¢.<(+|&éêëèíîïìß!$*);¬-/ÂÄÀÁÃÅÇÑ¦,%_>?øÉÊËÈÍÎÏÌ`:#@'=\"Øabcdefghi«»ðýþ±°jklmnopqrªºæ¸Æ¤µ~stuvwxyz¡¿ÐÝÞ®^£¥·©§¶¼½¾[]¯¨´×{ABCDEFGHI\u{ad}ôöòóõ}JKLMNOPQR¹ûüùúÿ\\÷STUVWXYZ²ÔÖÒÓÕ0123456789³ÛÜÙÚ";
const CP273: &str = " \u{a0}â{àáãåçñÄ.<(+!&éêëèíîïì~Ü$*);^-/Â[ÀÁÃÅÇÑö,%_>?øÉÊËÈÍÎÏÌ`:#§'=\"Øabcdefghi«»ðýþ±°jklmnopqrªºæ¸Æ¤µßstuvwxyz¡¿ÐÝÞ®¢£¥·©@¶¼½¾¬|¯¨´×äABCDEFGHI\u{ad}ô¦òóõüJKLMNOPQR¹û}ùúÿÖ÷STUVWXYZ²Ô\\ÒÓÕ0123456789³Û]ÙÚ";

/// Stands for a character that the code page lacks.
const SUBSTITUTE: u8 = 0x3f;

impl CodePage {
    fn table(self) -> &'static str {
        match self {
            CodePage::Cp037 => CP037,
            CodePage::Cp273 => CP273,
        }
    }

    pub(crate) fn encode(self, c: char) -> u8 {
        let place = self.table().chars().position(|t| t == c);
        place.and_then(|p| u8::try_from(p + 0x40).ok()).unwrap_or(SUBSTITUTE)
    }

    /// A byte as a character; what cannot be shown, NUL included, as a blank.
    pub(crate) fn decode(self, byte: u8) -> char {
        byte.checked_sub(0x40).and_then(|p| self.table().chars().nth(usize::from(p))).unwrap_or(' ')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_have_every_place_once() {
        for page in [CodePage::Cp037, CodePage::Cp273] {
            assert_eq!(page.table().chars().count(), 0xff - 0x40);
            for byte in 0x40..0xff {
                assert_eq!(page.encode(page.decode(byte)), byte);
            }
        }
    }

    #[test]
    fn known_places() {
        // As IBM's tables print them.
        let cases = [
            (CodePage::Cp037, '£', 0xb1),
            (CodePage::Cp037, '¬', 0x5f),
            (CodePage::Cp273, 'ä', 0xc0),
            (CodePage::Cp273, 'ß', 0xa1),
        ];
        for (page, c, byte) in cases {
            assert_eq!(page.encode(c), byte);
        }
        assert_eq!(CodePage::Cp037.encode('€'), SUBSTITUTE);
    }
}
