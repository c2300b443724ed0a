//! The stock system: what a key does on each screen.

use crate::options::{Drop, Layout, Options, Paging};
use crate::screens::{self, Screen};
use crate::stream::Inbound;
use crate::{Booking, Item, Stock};
use std::collections::BTreeMap;

/// What the host does now.
pub(crate) enum Answer {
    /// Shows [`Session::screen`].
    Show,
    /// Nothing.
    Nothing,
    /// Ends the session.
    End,
}

#[derive(Clone, Debug)]
enum Place {
    Login,
    Menu,
    List(usize),
    Enquiry,
    Detail(Item),
    Booking,
    Confirm(Booking),
    Booked(usize),
    Find,
    Found(Booking),
    Abend,
}

/// What all sessions share.
pub(crate) struct World<'a> {
    pub(crate) stock: &'a mut Stock,
    pub(crate) options: &'a mut Options,
    pub(crate) wrong_logins: &'a mut BTreeMap<String, u32>,
}

/// One terminal's session.
pub(crate) struct Session {
    terminal: String,
    at: Place,
    message: String,
    values: BTreeMap<&'static str, String>,
    broadcast: Option<String>,
    layout: Layout,
}

impl Session {
    pub(crate) fn new(terminal: String) -> Session {
        Session {
            terminal,
            at: Place::Login,
            message: String::new(),
            values: BTreeMap::new(),
            broadcast: None,
            layout: Layout::AsDrawn,
        }
    }

    /// Shows a message, whatever else is shown, until `Clear` is pressed.
    pub(crate) fn interrupt(&mut self, message: &str) {
        self.broadcast = Some(message.to_owned());
    }

    /// The name of the screen that is shown.
    pub(crate) fn name(&self, world: &World<'_>) -> &'static str {
        match (&self.broadcast, self.bare(world).id) {
            (Some(_), _) => "broadcast",
            (None, "") => "abend",
            (None, id) => id,
        }
    }

    /// What is shown.
    pub(crate) fn screen(&self, world: &World<'_>, clock: Option<String>) -> Screen {
        match &self.broadcast {
            Some(message) => screens::broadcast(message),
            None if matches!(self.at, Place::Abend) => screens::abend(),
            None => self.bare(world).with(&self.message, &self.terminal, clock),
        }
    }

    fn bare(&self, world: &World<'_>) -> Screen {
        let items = &world.stock.items;
        let mut screen = match &self.at {
            Place::Login => screens::login(),
            Place::Menu => screens::menu(),
            Place::List(page) => {
                let last = page + 1 >= pages(items);
                let shown = if world.options.paging == Paging::Repeated && *page == 1 { 0 } else { *page };
                screens::list(items, shown, last && world.options.paging != Paging::NoEnd)
            }
            Place::Enquiry => screens::enquiry(),
            Place::Detail(item) => screens::detail(item, self.layout),
            Place::Booking => screens::booking(self.layout),
            Place::Confirm(booking) => screens::confirm(booking),
            Place::Booked(number) => screens::booked(*number),
            Place::Find => screens::find(),
            Place::Found(booking) => screens::found(booking),
            Place::Abend => screens::abend(),
        };
        for input in &mut screen.inputs {
            input.value = self.values.get(input.name).cloned().unwrap_or_default();
        }
        screen
    }

    /// Names of the fields of what is shown, with what the terminal says of them; `?` where it has no such field.
    pub(crate) fn named(&self, world: &World<'_>, fields: &[((u16, u16), String)]) -> Vec<(String, String)> {
        let inputs = self.bare(world).inputs;
        let name = |at| inputs.iter().find(|i| i.at == at).map_or("?", |i| i.name);
        fields.iter().map(|(at, text)| (name(*at).to_owned(), text.clone())).collect()
    }

    /// Does what a key asks for.
    pub(crate) fn press(&mut self, world: &mut World<'_>, inbound: &Inbound) -> Answer {
        if self.broadcast.is_some() {
            if inbound.key == "Clear" {
                self.broadcast = None;
            }
            return Answer::Show;
        }
        self.layout = world.options.layout;
        for input in self.bare(world).inputs {
            if let Some((_, text)) = inbound.fields.iter().find(|(at, _)| *at == input.at) {
                self.values.insert(input.name, text.trim_end().to_owned());
            }
        }
        self.message.clear();
        let answer = self.step(world, &inbound.key);
        if world.options.mute {
            return Answer::Nothing;
        }
        if matches!(answer, Answer::Show) && world.options.broadcasts > 0 {
            world.options.broadcasts -= 1;
            self.broadcast = Some(world.options.message.clone());
        }
        answer
    }

    fn step(&mut self, world: &mut World<'_>, key: &str) -> Answer {
        if world.options.expired && !matches!(self.at, Place::Login) {
            return self.go(Place::Login, "Your session has expired");
        }
        match (self.at.clone(), key) {
            (Place::Login, "Enter") => self.log_in(world),
            (Place::Login, "PF3") => Answer::End,
            (Place::Menu, "Enter") => self.choose(),
            (Place::Menu, "PF3") => self.go(Place::Login, ""),
            (Place::List(page), "PF8") => {
                let last = pages(&world.stock.items) - 1;
                self.go(Place::List((page + 1).min(last)), "")
            }
            (Place::List(page), "PF7") => self.go(Place::List(page.saturating_sub(1)), ""),
            (Place::Enquiry, "Enter") => self.enquire(world),
            (Place::Booking, "Enter") => self.check(world),
            (Place::Confirm(booking), "PF5") => self.commit(world, booking),
            (Place::Confirm(_), "PF3") => self.go(Place::Booking, "Nothing was recorded"),
            (Place::Find, "Enter") => self.find(world),
            (Place::Abend, _) => Answer::Show,
            (_, "PF3") => self.go(Place::Menu, ""),
            (_, key) => {
                self.message = format!("{key} means nothing here");
                Answer::Show
            }
        }
    }

    fn go(&mut self, place: Place, message: &str) -> Answer {
        if !matches!((&self.at, &place), (Place::Confirm(_), Place::Booking)) {
            self.values.clear();
        }
        self.at = place;
        self.message = message.to_owned();
        Answer::Show
    }

    fn say(&mut self, message: &str) -> Answer {
        self.message = message.to_owned();
        Answer::Show
    }

    fn value(&self, name: &str) -> String {
        self.values.get(name).cloned().unwrap_or_default()
    }

    fn log_in(&mut self, world: &mut World<'_>) -> Answer {
        let (user, password) = (self.value("account"), self.value("password"));
        self.values.remove("password");
        let wrong = world.wrong_logins.entry(user.clone()).or_default();
        if *wrong >= 3 {
            return self.say("This account is locked. Call the help desk");
        }
        if user == world.options.user && password == world.options.password {
            *wrong = 0;
            return self.go(Place::Menu, "");
        }
        *wrong += 1;
        self.say("Please enter a valid account and password")
    }

    fn choose(&mut self) -> Answer {
        match self.value("option").as_str() {
            "STK" => self.go(Place::List(0), ""),
            "ENQ" => self.go(Place::Enquiry, ""),
            "BKG" => self.go(Place::Booking, ""),
            "FND" => self.go(Place::Find, ""),
            "OFF" => Answer::End,
            other => self.say(&format!("{other} is not an option")),
        }
    }

    fn enquire(&mut self, world: &World<'_>) -> Answer {
        match world.stock.item(&self.value("item")) {
            Some(item) => self.go(Place::Detail(item.clone()), ""),
            None => self.say("Item not found"),
        }
    }

    fn check(&mut self, world: &World<'_>) -> Answer {
        if world.options.drop == Some(Drop::BeforeCommit) {
            return Answer::End;
        }
        let Some(item) = world.stock.item(&self.value("item")) else { return self.say("Item not found") };
        let quantity = match self.value("quantity").trim().parse() {
            Ok(quantity) if quantity > 0 => quantity,
            _ => return self.say("Quantity must be a number above zero"),
        };
        if quantity > item.quantity {
            return self.say("Not enough in stock");
        }
        let reference = self.value("reference");
        if reference.is_empty() {
            return self.say("Reference is missing");
        }
        let booking = Booking { reference, item: item.number.clone(), quantity, note: self.value("note") };
        let values = self.values.clone();
        self.go(Place::Confirm(booking), "");
        self.values = values;
        Answer::Show
    }

    fn commit(&mut self, world: &mut World<'_>, booking: Booking) -> Answer {
        if world.options.drop == Some(Drop::AtCommit) {
            return Answer::End;
        }
        let number = world.stock.book(booking);
        if world.options.drop == Some(Drop::AfterCommit) {
            return Answer::End;
        }
        if world.options.error_after_commit {
            return self.go(Place::Abend, "");
        }
        self.go(Place::Booked(number), "")
    }

    fn find(&mut self, world: &World<'_>) -> Answer {
        let reference = self.value("reference");
        match world.stock.bookings.iter().rfind(|b| b.reference == reference) {
            Some(booking) => self.go(Place::Found(booking.clone()), ""),
            None => self.say("Booking not found"),
        }
    }
}

fn pages(items: &[Item]) -> usize {
    items.len().div_ceil(screens::PAGE).max(1)
}
