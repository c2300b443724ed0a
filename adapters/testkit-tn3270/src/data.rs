//! What the stock system knows: items and bookings.

/// An item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Its number, at most 8 characters.
    pub number: String,
    /// Its name, at most 28.
    pub name: String,
    /// Pieces in stock.
    pub quantity: u32,
    /// Price, as it is shown, at most 10.
    pub price: String,
    /// Where it lies, at most 12.
    pub place: String,
}

/// A booking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Booking {
    /// The reference under which it was entered.
    pub reference: String,
    /// The item's number.
    pub item: String,
    /// Pieces.
    pub quantity: u32,
    /// What was noted along.
    pub note: String,
}

/// All of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stock {
    /// Items, in the order of their numbers.
    pub items: Vec<Item>,
    /// Bookings, in the order they came.
    pub bookings: Vec<Booking>,
}

const NAMES: [&str; 8] = [
    "Hex bolt M8x40",
    "Küchenmesser 20 cm, 3 Stück",
    "Crème brûlée dish, £ 4",
    "Not ¬ a washer",
    "Copper pipe 15 mm",
    "Señor's hammer",
    "Ångström gauge, ±1 µm",
    "Door hinge, left",
];

impl Stock {
    /// So many made-up items: `A1001` and so on.
    pub fn made_up(items: u32) -> Stock {
        let item = |i: u32| Item {
            number: format!("A{}", 1001 + i),
            name: NAMES.get(i as usize % NAMES.len()).copied().unwrap_or_default().to_owned(),
            quantity: (i * 37) % 500,
            price: format!("{}.{:02}", 1 + i * 3 % 900, i * 7 % 100),
            place: format!("{}-{:02}-{}", ["N", "O", "S"][i as usize % 3], i % 40, 1 + i % 6),
        };
        Stock { items: (0..items).map(item).collect(), bookings: Vec::new() }
    }

    /// From lines `number,name,quantity,price,place` (a heading line is skipped if its quantity is no number; quotes
    /// are not known).
    pub fn from_csv(text: &str) -> Result<Stock, String> {
        let mut items = Vec::new();
        for (i, line) in text.lines().enumerate().filter(|(_, l)| !l.trim().is_empty()) {
            let cells: Vec<&str> = line.split(',').map(str::trim).collect();
            let &[number, name, quantity, price, place] = cells.as_slice() else {
                return Err(format!("line {}: {} columns instead of 5", i + 1, cells.len()));
            };
            let widths = [(number, 8), (name, 28), (price, 10), (place, 12)];
            if let Some((text, width)) = widths.iter().find(|(text, width)| text.chars().count() > *width) {
                return Err(format!("line {}: `{text}` is longer than {width} characters", i + 1));
            }
            match quantity.parse() {
                Ok(quantity) => items.push(Item {
                    number: number.into(),
                    name: name.into(),
                    quantity,
                    price: price.into(),
                    place: place.into(),
                }),
                Err(_) if i == 0 => {}
                Err(_) => return Err(format!("line {}: `{quantity}` is not a quantity", i + 1)),
            }
        }
        items.sort_by(|a, b| a.number.cmp(&b.number));
        Ok(Stock { items, bookings: Vec::new() })
    }

    pub(crate) fn item(&self, number: &str) -> Option<&Item> {
        self.items.iter().find(|i| i.number == number)
    }

    /// Takes the pieces out of stock and notes the booking; its number.
    pub(crate) fn book(&mut self, booking: Booking) -> usize {
        if let Some(item) = self.items.iter_mut().find(|i| i.number == booking.item) {
            item.quantity = item.quantity.saturating_sub(booking.quantity);
        }
        self.bookings.push(booking);
        self.bookings.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn csv_with_and_without_heading() {
        let stock = Stock::from_csv("number,name,quantity,price,place\nB2,Käse,3,1.50,N\n\nA1,Brot,4,2,S\n").unwrap();
        assert_eq!(stock.items.iter().map(|i| i.number.as_str()).collect::<Vec<_>>(), ["A1", "B2"]);
        assert!(Stock::from_csv("A1,Brot,4,2,S\nA2,Brot,viele,2,S").unwrap_err().contains("line 2"));
        assert!(Stock::from_csv("A1,Brot").unwrap_err().contains("2 columns"));
        assert!(Stock::from_csv("A12345678,Brot,1,2,S").unwrap_err().contains("longer"));
    }
}
