//! One view as far as it has been folded.

use std::thread;

use chrono_tz::Tz;
use daybook_core::event::index::Term;
use daybook_core::event::{Body, Event};
use daybook_core::id::CustomerCode;
use daybook_core::position::Position;
use daybook_core::proof::tree::Frontier;
use daybook_core::proof::{Hash, leaf_hash};

use super::fold::Chunk;
use super::runs::BucketPart;
use super::{BUCKETS, Bucket, Policies};
use crate::projection::View;

/// What a view's columns amount to: equal for equal events, however they came to be folded.
pub type Digest = Hash;

/// One view as far as it has been folded.
pub struct State {
    pub(super) view: View,
    pub(super) buckets: Vec<Bucket>,
    pub(super) policies: Policies,
    pub(super) next: Position,
    pub(super) tree: Frontier,
}

/// What a view says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// Its name.
    pub name: &'static str,
    /// Its version.
    pub version: u32,
    /// It reflects the events before this position; also how many it has folded.
    pub next: Position,
    /// The Merkle root over the events it has folded.
    pub root: Hash,
    /// Facts kept.
    pub facts: u64,
    /// Customers with facts.
    pub customers: u64,
    /// What its columns amount to.
    pub digest: Digest,
}

impl State {
    /// Starts a view that has folded nothing.
    pub(super) fn empty(view: View) -> State {
        State {
            view,
            buckets: vec![Bucket::default(); BUCKETS],
            policies: Policies::default(),
            next: Position(0),
            tree: Frontier::default(),
        }
    }

    /// Returns the position whose earlier events the view reflects.
    pub const fn next(&self) -> Position {
        self.next
    }

    /// Returns the Merkle tree over the events folded.
    pub const fn tree(&self) -> &Frontier {
        &self.tree
    }

    /// Returns the buckets.
    pub fn buckets(&self) -> &[Bucket] {
        &self.buckets
    }

    /// Returns the bucket a customer is in.
    pub fn bucket_of(&self, customer: &CustomerCode) -> Option<&Bucket> {
        self.buckets.get(bucket_number(customer))
    }

    /// Returns the policies.
    pub const fn policies(&self) -> &Policies {
        &self.policies
    }

    /// Asks every bucket the same question on so many threads; the answers come in their order.
    pub fn ask_all<T: Send>(
        &self,
        threads: usize,
        question: impl Fn(&Bucket) -> T + Sync,
    ) -> Vec<T> {
        let part = self.buckets.len().div_ceil(threads.max(1)).max(1);
        if threads < 2 {
            return self.buckets.iter().map(question).collect();
        }
        let question = &question;
        thread::scope(|scope| {
            let parts: Vec<_> = self.buckets.chunks(part).collect();
            let asked: Vec<_> = parts
                .into_iter()
                .map(|part| scope.spawn(move || part.iter().map(question).collect::<Vec<T>>()))
                .collect();
            let joined = asked.into_iter().flat_map(|asked| {
                // A thread ends early only by a panic, which is passed on.
                asked.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            });
            joined.collect()
        })
    }

    /// Takes in consecutive events, on so many threads.
    pub(super) fn take(&mut self, chunks: &[Chunk], zone: Tz, threads: usize) {
        let view = self.view;
        let part = BUCKETS.div_ceil(threads.max(1)).max(1);
        if threads < 2 || chunks.len() < 2 {
            fold_part(view, &mut self.buckets, 0, chunks, zone);
            self.count(chunks);
            return;
        }
        let (buckets, tree) = (&mut self.buckets, &mut self.tree);
        thread::scope(|scope| {
            for (number, part_of) in buckets.chunks_mut(part).enumerate() {
                scope.spawn(move || fold_part(view, part_of, number * part, chunks, zone));
            }
            push_hashes(tree, chunks);
        });
        self.next = Position(self.tree.size());
        self.take_policies(chunks);
    }

    fn count(&mut self, chunks: &[Chunk]) {
        push_hashes(&mut self.tree, chunks);
        self.next = Position(self.tree.size());
        self.take_policies(chunks);
    }

    fn take_policies(&mut self, chunks: &[Chunk]) {
        chunks.iter().flat_map(|chunk| &chunk.events).for_each(|event| self.policies.fold(event));
    }

    /// Returns what the view says of itself.
    pub fn status(&self, threads: usize) -> Status {
        Status {
            name: self.view.name(),
            version: self.view.version(),
            next: self.next,
            root: self.tree.root(),
            facts: self.buckets.iter().map(|bucket| bucket.rows().len() as u64).sum(),
            customers: self.buckets.iter().map(|bucket| bucket.customer_count() as u64).sum(),
            digest: self.digest(threads),
        }
    }

    /// Works out the digest.
    pub fn digest(&self, threads: usize) -> Digest {
        let of_bucket = |bucket: &Bucket| {
            let part = BucketPart::since(bucket, Position(0));
            leaf_hash(
                &bincode::encode_to_vec(&part, bincode::config::standard()).unwrap_or_default(),
            )
        };
        let mut said = Vec::new();
        said.extend_from_slice(self.view.name().as_bytes());
        said.extend_from_slice(&self.view.version().to_le_bytes());
        said.extend_from_slice(&self.next.0.to_le_bytes());
        said.extend_from_slice(&self.tree.root().0);
        for digest in self.ask_all(threads, of_bucket) {
            said.extend_from_slice(&digest.0);
        }
        let policies = bincode::encode_to_vec(&self.policies.0, bincode::config::standard());
        said.extend_from_slice(&policies.unwrap_or_default());
        leaf_hash(&said)
    }
}

/// Returns the number of the bucket a customer is in.
fn bucket_number(customer: &CustomerCode) -> usize {
    let stream = daybook_core::event::StreamId::Customer(customer.clone());
    (Term::stream(&stream).0 % BUCKETS as u64) as usize
}

fn push_hashes(tree: &mut Frontier, chunks: &[Chunk]) {
    chunks.iter().flat_map(|chunk| &chunk.hashes).for_each(|hash| tree.push(*hash));
}

/// Folds the events of the customers whose buckets these are; `first` is the number of the first.
fn fold_part(view: View, buckets: &mut [Bucket], first: usize, chunks: &[Chunk], zone: Tz) {
    for event in chunks.iter().flat_map(|chunk| &chunk.events) {
        let Some(customer) = event.envelope.stream.customer() else { continue };
        let number = bucket_number(customer);
        let Some(bucket) = number.checked_sub(first).and_then(|at| buckets.get_mut(at)) else {
            continue;
        };
        fold_event(view, bucket, customer, event, zone);
    }
}

fn fold_event(view: View, bucket: &mut Bucket, customer: &CustomerCode, event: &Event, zone: Tz) {
    let position = event.envelope.position;
    if let Body::EventVoided(void) = &event.body {
        bucket.withdraw(void.position, position);
    } else if View::concerned_by(event.body.kind()).contains(&view) {
        view.fold(event, zone, &mut bucket.facts(customer, position));
    }
}
