//! What the stock system's screens look like.

use crate::options::Layout;
use crate::stream::{BRIGHT, HIDDEN, NUMERIC, PROTECTED, Painter, SKIP};
use crate::{Booking, CodePage, Item};

/// Rows of the list on one page.
pub(crate) const PAGE: usize = 16;

const TURQUOISE: u8 = 0xf5;

/// Something that can be typed into.
#[derive(Clone, Debug)]
pub(crate) struct Input {
    pub(crate) name: &'static str,
    pub(crate) at: (u16, u16),
    pub(crate) len: u16,
    pub(crate) attribute: u8,
    pub(crate) value: String,
}

/// A screen.
#[derive(Clone, Debug, Default)]
pub(crate) struct Screen {
    /// Its name, at the top left.
    pub(crate) id: &'static str,
    title: &'static str,
    texts: Vec<((u16, u16), u8, String)>,
    pub(crate) inputs: Vec<Input>,
    cursor: (u16, u16),
}

impl Screen {
    fn new(id: &'static str, title: &'static str) -> Screen {
        Screen { id, title, cursor: (24, 80), ..Screen::default() }
    }

    fn text(mut self, row: u16, column: u16, text: impl Into<String>) -> Screen {
        self.texts.push(((row, column), SKIP, text.into()));
        self
    }

    fn value(mut self, row: u16, column: u16, text: impl Into<String>) -> Screen {
        self.texts.push(((row, column), PROTECTED | BRIGHT, text.into()));
        self
    }

    fn input(mut self, name: &'static str, at: (u16, u16), len: u16, attribute: u8) -> Screen {
        if self.inputs.is_empty() {
            self.cursor = at;
        }
        self.inputs.push(Input { name, at, len, attribute, value: String::new() });
        self
    }

    fn keys(self, keys: &str) -> Screen {
        self.text(24, 2, keys)
    }

    /// With a message, and what every screen has.
    pub(crate) fn with(mut self, message: &str, terminal: &str, clock: Option<String>) -> Screen {
        if !message.is_empty() {
            self.texts.push(((23, 2), PROTECTED | BRIGHT, message.to_owned()));
        }
        self = self.text(2, 2, format!("TERMINAL {terminal}"));
        match clock {
            Some(clock) => self.text(2, 71, clock),
            None => self,
        }
    }

    /// As the data stream has it.
    pub(crate) fn paint(&self, page: CodePage, unlock: bool) -> Vec<u8> {
        let mut painter = Painter::new(page, true, unlock);
        self.paint_head(&mut painter);
        self.paint_body(&mut painter);
        painter.done()
    }

    /// The same in two records, whose first unlocks the keyboard as if all had been said.
    pub(crate) fn paint_in_two(&self, page: CodePage) -> [Vec<u8>; 2] {
        let mut first = Painter::new(page, true, true);
        first.at(24, 1);
        first.field(SKIP);
        let mut second = Painter::new(page, false, true);
        self.paint_head(&mut second);
        self.paint_body(&mut second);
        [first.done(), second.done()]
    }

    fn paint_head(&self, painter: &mut Painter) {
        if self.id.is_empty() {
            return;
        }
        painter.at(1, 1);
        painter.coloured(SKIP, TURQUOISE);
        painter.text(self.id);
        painter.at(1, 29);
        painter.field(SKIP | BRIGHT);
        painter.text(self.title);
        painter.at(3, 1);
        painter.field(SKIP);
        painter.fill(4, 1, '-');
    }

    fn paint_body(&self, painter: &mut Painter) {
        for ((row, column), attribute, text) in &self.texts {
            painter.at(*row, column - 1);
            painter.field(*attribute);
            painter.text(text);
        }
        for Input { at: (row, column), len, attribute, value, .. } in &self.inputs {
            painter.at(*row, column - 1);
            painter.field(*attribute);
            painter.text(value);
            painter.at(*row, column + len);
            painter.field(SKIP);
        }
        painter.at(self.cursor.0, self.cursor.1);
        painter.cursor();
    }
}

pub(crate) fn login() -> Screen {
    Screen::new("SVM0201P", "STOCK SYSTEM")
        .text(6, 20, "WELCOME TO THE STOCK SYSTEM")
        .text(8, 20, "AUTHORISED USE ONLY")
        .text(21, 2, "ACCOUNT .")
        .input("account", (21, 13), 8, 0)
        .text(21, 43, "PASSWORD")
        .input("password", (21, 53), 8, HIDDEN)
        .keys("ENTER=LOG ON  PF3=END")
}

pub(crate) fn menu() -> Screen {
    Screen::new("SVM0300P", "MAIN MENU")
        .text(6, 10, "STK  STOCK LIST")
        .text(7, 10, "ENQ  ITEM ENQUIRY")
        .text(8, 10, "BKG  BOOKING ENTRY")
        .text(9, 10, "FND  BOOKING ENQUIRY")
        .text(10, 10, "OFF  LOG OFF")
        .text(21, 2, "OPTION ==>")
        .input("option", (21, 15), 3, 0)
        .keys("ENTER=CHOOSE  PF3=LOG OFF")
}

pub(crate) fn list(items: &[Item], page: usize, end: bool) -> Screen {
    let mut screen = Screen::new("SVM0410P", "STOCK LIST")
        .text(4, 2, "ITEM")
        .text(4, 11, "NAME")
        .text(4, 40, "    QTY")
        .text(4, 48, "     PRICE")
        .text(4, 60, "PLACE")
        .text(1, 71, format!("PAGE {:4}", page + 1));
    for (row, item) in (5..).zip(items.iter().skip(page * PAGE).take(PAGE)) {
        screen = screen
            .value(row, 2, item.number.clone())
            .value(row, 11, item.name.clone())
            .value(row, 40, format!("{:>7}", item.quantity))
            .value(row, 48, format!("{:>10}", item.price))
            .value(row, 60, item.place.clone());
    }
    screen.text(21, 2, if end { "BOTTOM OF DATA" } else { "MORE" }).keys("PF3=MENU  PF7=BACK  PF8=FORWARD")
}

pub(crate) fn enquiry() -> Screen {
    Screen::new("SVM0420P", "ITEM ENQUIRY")
        .text(5, 2, "ITEM . . . . . .")
        .input("item", (5, 20), 8, 0)
        .keys("ENTER=SHOW  PF3=MENU")
}

pub(crate) fn detail(item: &Item, layout: Layout) -> Screen {
    let (moved, label) = drifted(layout);
    let screen = Screen::new("SVM0421P", "ITEM DETAIL")
        .text(5, 2, "ITEM . . . . . .")
        .value(5, 20, item.number.clone())
        .text(6, 2, "NAME . . . . . .")
        .value(6, 20, item.name.clone())
        .text(7, 2 + moved, label)
        .value(7, 20 + moved, item.quantity.to_string())
        .text(8, 2, "PRICE  . . . . .")
        .value(8, 20, item.price.clone())
        .text(9, 2, "PLACE  . . . . .")
        .value(9, 20, item.place.clone());
    popped_up(screen, layout).keys("PF3=MENU")
}

pub(crate) fn booking(layout: Layout) -> Screen {
    let (moved, label) = drifted(layout);
    let screen = Screen::new("SVM0510P", "BOOKING ENTRY")
        .text(5, 2, "ITEM . . . . . .")
        .input("item", (5, 20), 8, 0)
        .text(7, 2 + moved, label)
        .input("quantity", (7, 20 + moved), 5, NUMERIC)
        .text(8, 2, "REFERENCE  . . .")
        .input("reference", (8, 20), 8, 0)
        .text(9, 2, "NOTE . . . . . .")
        .input("note", (9, 20), 20, 0);
    popped_up(screen, layout).keys("ENTER=CHECK  PF3=MENU")
}

fn drifted(layout: Layout) -> (u16, &'static str) {
    match layout {
        Layout::ColumnMoved => (1, "QUANTITY . . . ."),
        Layout::LabelChanged => (0, "PIECES . . . . ."),
        Layout::AsDrawn | Layout::PopUp => (0, "QUANTITY . . . ."),
    }
}

fn popped_up(screen: Screen, layout: Layout) -> Screen {
    if layout != Layout::PopUp {
        return screen;
    }
    let mut screen = screen
        .text(13, 20, "+--------------------------------------+")
        .text(14, 20, "|  OUR TERMS OF USE HAVE CHANGED       |")
        .text(15, 20, "|  ACCEPT Y/N ==>                      |")
        .text(16, 20, "+--------------------------------------+")
        .input("accept", (15, 38), 1, 0);
    screen.cursor = (15, 38);
    screen
}

pub(crate) fn confirm(booking: &Booking) -> Screen {
    booked_lines(Screen::new("SVM0520P", "CONFIRM BOOKING"), booking)
        .text(12, 2, "NOTHING IS RECORDED YET")
        .keys("PF5=CONFIRM  PF3=CANCEL")
}

pub(crate) fn booked(number: usize) -> Screen {
    Screen::new("SVM0530P", "BOOKING RECORDED")
        .text(10, 2, "BOOKING NUMBER .")
        .value(10, 20, format!("{number:06}"))
        .keys("PF3=MENU")
}

pub(crate) fn find() -> Screen {
    Screen::new("SVM0540P", "BOOKING ENQUIRY")
        .text(5, 2, "REFERENCE  . . .")
        .input("reference", (5, 20), 8, 0)
        .keys("ENTER=SHOW  PF3=MENU")
}

pub(crate) fn found(booking: &Booking) -> Screen {
    booked_lines(Screen::new("SVM0541P", "BOOKING DETAIL"), booking).keys("PF3=MENU")
}

fn booked_lines(screen: Screen, booking: &Booking) -> Screen {
    screen
        .text(5, 2, "ITEM . . . . . .")
        .value(5, 20, booking.item.clone())
        .text(7, 2, "QUANTITY . . . .")
        .value(7, 20, booking.quantity.to_string())
        .text(8, 2, "REFERENCE  . . .")
        .value(8, 20, booking.reference.clone())
        .text(9, 2, "NOTE . . . . . .")
        .value(9, 20, booking.note.clone())
}

/// Says something and has no name of its own.
pub(crate) fn broadcast(message: &str) -> Screen {
    let mut screen = Screen::new("", "").text(1, 2, message.to_owned()).text(3, 2, "PRESS CLEAR TO GO ON");
    screen.cursor = (1, 1);
    screen
}

/// What nobody expects.
pub(crate) fn abend() -> Screen {
    Screen::new("", "").text(
        1,
        2,
        "DFHAC2206 TRANSACTION BKG FAILED WITH ABEND ASRA. RESOURCE BACKOUT WAS NOT PERFORMED.",
    )
}
