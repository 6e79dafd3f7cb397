//! The facts of some customers, one after the other in the order of the log.

use std::collections::BTreeMap;

use daybook_core::id::CustomerCode;
use daybook_core::position::Position;

/// Where something stands in its bucket's lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place(pub u32);

impl Place {
    /// Nothing.
    pub const NONE: Place = Place(u32::MAX);

    /// Returns the index into a list as long as the bucket's.
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// From this space on, keys are words that belong to no customer, such as a stage or an entity.
pub const WORDS_FROM: u8 = 128;

/// A record of one customer, or a word: its view's own number for what kind of thing it is, and its
/// name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key<'a> {
    /// What kind of thing; 0 for nothing.
    pub space: u8,
    /// The name.
    pub name: &'a str,
}

impl Key<'_> {
    /// Nothing.
    pub const NONE: Key<'static> = Key { space: 0, name: "" };
}

/// A fact as a view says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fact<'a> {
    /// The view's own number for what is said.
    pub kind: u8,
    /// What it is about.
    pub subject: Key<'a>,
    /// What else it is about.
    pub object: Key<'a>,
    /// The view's own number for what the value counts: a currency, or a kind.
    pub unit: u32,
    /// From when on it is so, in the measure of the view: days or microseconds.
    pub on: i64,
    /// How much, or which.
    pub value: i64,
}

/// A fact as it is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// The position of the event that said it.
    pub position: u64,
    /// From when on it is so.
    pub on: i64,
    /// How much, or which.
    pub value: i64,
    /// The customer.
    pub customer: Place,
    /// What it is about.
    pub subject: Place,
    /// What else it is about.
    pub object: Place,
    /// What the value counts.
    pub unit: u32,
    /// What is said.
    pub kind: u8,
}

/// A name with the customer it belongs to and what kind of thing it names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Name {
    pub customer: Place,
    pub space: u8,
    pub text: Box<str>,
}

/// The facts of some customers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bucket {
    pub(super) customers: Vec<CustomerCode>,
    pub(super) names: Vec<Name>,
    pub(super) rows: Vec<Row>,
    /// Positions of voided events, each with the position of its void.
    pub(super) withdrawn: BTreeMap<u64, u64>,
    index: Option<Index>,
}

/// Finds the place of what is known already. Made when the first fact is added: a bucket that is
/// only read has none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Index {
    customers: BTreeMap<CustomerCode, Place>,
    names: BTreeMap<Name, Place>,
}

/// Takes the facts of one event.
pub struct Facts<'b> {
    bucket: &'b mut Bucket,
    customer: &'b CustomerCode,
    place: Option<Place>,
    position: Position,
}

impl Facts<'_> {
    /// Adds a fact.
    pub fn add(&mut self, fact: Fact<'_>) {
        let place = self.place.unwrap_or_else(|| self.bucket.placed(self.customer));
        self.place = Some(place);
        let subject = self.bucket.name(place, fact.subject);
        let object = self.bucket.name(place, fact.object);
        self.bucket.rows.push(Row {
            position: self.position.0,
            on: fact.on,
            value: fact.value,
            customer: place,
            subject,
            object,
            unit: fact.unit,
            kind: fact.kind,
        });
    }
}

impl Bucket {
    /// Starts taking the facts of an event about a customer. Nothing is kept before the first fact,
    /// so that every place in the lists is named by a row.
    pub fn facts<'b>(&'b mut self, customer: &'b CustomerCode, position: Position) -> Facts<'b> {
        Facts { bucket: self, customer, place: None, position }
    }

    /// Notes that an event counts nowhere from a position on.
    pub fn withdraw(&mut self, voided: Position, by: Position) {
        self.withdrawn.entry(voided.0).or_insert(by.0);
    }

    /// Returns everything that was said, withdrawn or not.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// Returns what was said before a position and stood there.
    pub fn known(&self, before: Position) -> impl Iterator<Item = &Row> {
        let end = self.rows.partition_point(|row| row.position < before.0);
        // Both are in order of position, so that one goes along the other.
        let gone = self.withdrawn.iter().filter(move |(_, by)| **by < before.0);
        let mut gone = gone.map(|(position, _)| *position).peekable();
        self.rows.iter().take(end).filter(move |row| {
            while gone.next_if(|position| *position < row.position).is_some() {}
            gone.peek() != Some(&row.position)
        })
    }

    /// Returns the place of a customer.
    pub fn place_of(&self, customer: &CustomerCode) -> Option<Place> {
        let index = self.index.as_ref().map(|index| index.customers.get(customer).copied());
        index.unwrap_or_else(|| {
            let at = self.customers.iter().position(|known| known == customer);
            at.map(|at| Place(at as u32))
        })
    }

    /// Returns the number of names, customers' records and words together.
    pub fn name_count(&self) -> usize {
        self.names.len()
    }

    /// Returns the number of customers.
    pub fn customer_count(&self) -> usize {
        self.customers.len()
    }

    /// Returns the customer at a place.
    pub fn customer(&self, place: Place) -> Option<&CustomerCode> {
        self.customers.get(place.index())
    }

    /// Returns the name at a place; nothing is called the empty text.
    pub fn text(&self, place: Place) -> &str {
        self.names.get(place.index()).map_or("", |name| &name.text)
    }

    fn placed(&mut self, customer: &CustomerCode) -> Place {
        if let Some(place) = self.indexed().customers.get(customer) {
            return *place;
        }
        let place = Place(self.customers.len() as u32);
        self.customers.push(customer.clone());
        self.indexed().customers.insert(customer.clone(), place);
        place
    }

    fn name(&mut self, customer: Place, key: Key<'_>) -> Place {
        if key.space == 0 {
            return Place::NONE;
        }
        let customer = if key.space < WORDS_FROM { customer } else { Place::NONE };
        let name = Name { customer, space: key.space, text: key.name.into() };
        if let Some(place) = self.indexed().names.get(&name) {
            return *place;
        }
        let place = Place(self.names.len() as u32);
        self.names.push(name.clone());
        self.indexed().names.insert(name, place);
        place
    }

    fn indexed(&mut self) -> &mut Index {
        let (customers, names) = (&self.customers, &self.names);
        self.index.get_or_insert_with(|| Index {
            customers: customers.iter().cloned().zip((0..).map(Place)).collect(),
            names: names.iter().cloned().zip((0..).map(Place)).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn say(bucket: &mut Bucket, customer: &str, position: u64, item: &str, value: i64) {
        let customer = CustomerCode::new(customer).expect("a code");
        bucket.facts(&customer, Position(position)).add(Fact {
            kind: 1,
            subject: Key { space: 1, name: item },
            object: Key::NONE,
            unit: 0,
            on: 0,
            value,
        });
    }

    fn known(bucket: &Bucket, before: u64) -> Vec<i64> {
        bucket.known(Position(before)).map(|row| row.value).collect()
    }

    #[test]
    fn a_void_counts_from_its_own_position_on() {
        let mut bucket = Bucket::default();
        say(&mut bucket, "C-1", 5, "AR-1", 10);
        say(&mut bucket, "C-1", 7, "AR-2", 20);
        bucket.withdraw(Position(5), Position(9));
        assert_eq!(known(&bucket, 6), [10]);
        assert_eq!(known(&bucket, 9), [10, 20], "the void itself is not known yet");
        assert_eq!(known(&bucket, 10), [20]);
    }

    #[test]
    fn records_of_two_customers_with_one_name_are_two_records() {
        let mut bucket = Bucket::default();
        say(&mut bucket, "C-1", 1, "AR-1", 1);
        say(&mut bucket, "C-2", 2, "AR-1", 2);
        say(&mut bucket, "C-1", 3, "AR-1", 3);
        let subjects: Vec<u32> = bucket.rows().iter().map(|row| row.subject.0).collect();
        assert_eq!(subjects, [0, 1, 0]);
    }
}
