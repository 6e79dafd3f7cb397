//! How fast the local store takes, gives back, finds and rebuilds: `store_speed [events] [group]`.
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::print_stdout)]

use std::collections::HashMap;
use std::future::Future;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use base64::Engine as _;
use bytes::Bytes;
use daybook_core::event::examples::example;
use daybook_core::event::index::{Term, terms};
use daybook_core::event::{Event, Kind, StreamId};
use daybook_core::id::{BookId, CustomerCode, Note};
use daybook_core::position::{Position, StreamVersion};
use daybook_core::proof::{Hash, leaf_hash};
use daybook_core::store::local::{Identity, LocalStore, Options, verify};
use daybook_core::store::{Group, LogStore, Order, Record};
use daybook_core::time::Timestamp;

fn now<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => unreachable!("the store never waits for other tasks"),
    }
}

struct Source {
    event: Event,
    next: u64,
    seed: u64,
    streams: HashMap<u64, (u64, Position, Hash)>,
}

impl Source {
    fn random(&mut self) -> u64 {
        self.seed ^= self.seed << 13;
        self.seed ^= self.seed >> 7;
        self.seed ^= self.seed << 17;
        self.seed
    }

    fn record(&mut self) -> Record {
        // Roughly zipf: the square of an even share favours small numbers.
        let share = (self.random() >> 11) as f64 / (1u64 << 53) as f64;
        let customer = (share * share * share * 100_000.0) as u64;
        let words = [self.random(), self.random(), self.random()];
        let before = self.streams.get(&customer).copied();
        let envelope = &mut self.event.envelope;
        envelope.position = Position(self.next);
        envelope.recorded_at = Timestamp(1_700_000_000_000_000 + self.next as i64 * 50);
        envelope.stream =
            StreamId::Customer(CustomerCode::new(format!("C-{customer:06}")).unwrap());
        envelope.version = StreamVersion(before.map_or(1, |(version, _, _)| version + 1));
        envelope.prev_position = before.map(|(_, position, _)| position);
        envelope.prev_hash = before.map_or(Hash::default(), |(_, _, hash)| hash);
        envelope.reason = Some(Note::new(format!("{words:016x?}")).unwrap());
        let mut bytes = Vec::with_capacity(256);
        self.event.encode_into(&mut bytes).unwrap();
        let hash = leaf_hash(&bytes);
        let envelope = &self.event.envelope;
        self.streams.insert(customer, (envelope.version.0, envelope.position, hash));
        self.next += 1;
        Record {
            bytes: Bytes::from(bytes),
            hash,
            recorded_at: envelope.recorded_at,
            terms: terms(&self.event),
        }
    }
}

fn size_of_folder(path: &Path) -> u64 {
    use std::os::unix::fs::MetadataExt;
    std::fs::read_dir(path).map_or(0, |entries| {
        entries
            .map(|entry| {
                let entry = entry.unwrap();
                let found = entry.metadata().unwrap();
                if found.is_dir() { size_of_folder(&entry.path()) } else { found.blocks() * 512 }
            })
            .sum()
    })
}

fn raw_loop(path: &Path, size: usize, rounds: usize) -> f64 {
    let file = std::fs::File::create(path).unwrap();
    let bytes = vec![7u8; size];
    let started = Instant::now();
    for round in 0..rounds {
        file.write_all_at(&bytes, (round * size) as u64).unwrap();
        file.sync_data().unwrap();
    }
    rounds as f64 / started.elapsed().as_secs_f64()
}

fn main() {
    let mut arguments = std::env::args().skip(1).map(|word| word.parse::<u64>().unwrap());
    let events = arguments.next().unwrap_or(1_000_000);
    let group = arguments.next().unwrap_or(1000);
    let folder = std::env::temp_dir().join(format!("store-speed-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let dir = folder.join("book");
    let identity = Identity {
        book: BookId(uuid::Uuid::from_u128(1)),
        epoch: 1,
        created: Timestamp::default(),
    };
    let options = Options::default();
    LocalStore::create(&dir, &identity, &options).unwrap();
    let (store, _) = LocalStore::open(&dir, &options).unwrap();
    let mut source = Source {
        event: example(Kind::InteractionRecorded),
        next: 0,
        seed: 0x9e37_79b9_7f4a_7c15,
        streams: HashMap::new(),
    };
    let (mut appending, mut bytes, mut slowest) = (0.0f64, 0u64, 0.0f64);
    let started = Instant::now();
    for _ in 0..events / group {
        let first = Position(source.next);
        let records: Vec<Record> = (0..group).map(|_| source.record()).collect();
        bytes += records.iter().map(|record| record.bytes.len() as u64).sum::<u64>();
        let taken = Instant::now();
        now(store.append(Group { first, records, next_key_slot: 0 })).unwrap();
        let taken = taken.elapsed().as_secs_f64();
        appending += taken;
        slowest = slowest.max(taken);
    }
    let prepared = started.elapsed().as_secs_f64();
    store.wait_for_index();
    let indexed = started.elapsed().as_secs_f64();
    let total = source.next as f64;
    for task in std::fs::read_dir("/proc/self/task").unwrap() {
        let stat = std::fs::read_to_string(task.unwrap().path().join("stat")).unwrap();
        let (name, rest) = stat.rsplit_once(')').unwrap();
        let fields: Vec<&str> = rest.split_whitespace().collect();
        let seconds = |at: usize| fields[at].parse::<f64>().unwrap() / 100.0;
        println!("  {name:<30}) user {:.2} s, system {:.2} s", seconds(11), seconds(12));
    }
    println!("event bytes          {:.0}", bytes as f64 / total);
    println!(
        "append alone         {:.0} events/s, slowest {:.1} ms",
        total / appending,
        slowest * 1e3
    );
    println!("with preparation     {:.0} events/s", total / prepared);
    println!("indexed behind it    {:.0} events/s", total / indexed);
    let per_group = (bytes / (events / group)) as usize;
    let floor = raw_loop(&folder.join("floor"), per_group, (events / group).min(2000) as usize);
    println!("raw write+fdatasync  {:.0} events/s", floor * group as f64);
    let tree = store.head().tree;
    let root = base64::engine::general_purpose::STANDARD.encode(tree.root().0);
    now(store.keep_tree_head(&format!("book\n{}\n{root}\n", tree.size()))).unwrap();
    now(store.close()).unwrap();
    drop(store);
    println!(
        "journal              {:.1} bytes/event",
        size_of_folder(&dir.join("journal")) as f64 / total
    );
    println!(
        "sled                 {:.1} bytes/event",
        size_of_folder(&dir.join("sled")) as f64 / total
    );
    let taken = Instant::now();
    let (store, report) = LocalStore::open(&dir, &options).unwrap();
    println!(
        "open                 {:.1} ms ({:?})",
        taken.elapsed().as_secs_f64() * 1e3,
        report.index
    );
    let taken = Instant::now();
    let (mut next, mut check) = (0u64, 0u64);
    loop {
        let read = now(store.read(Position(next), 4096)).unwrap();
        if read.is_empty() {
            break;
        }
        next += read.len() as u64;
        check += read.iter().map(|event| event.bytes.len() as u64).sum::<u64>();
    }
    assert_eq!((next, check), (source.next, bytes));
    println!("read all             {:.0} events/s", total / taken.elapsed().as_secs_f64());
    let taken = Instant::now();
    let mut next = 0u64;
    while next < source.next {
        for event in now(store.read(Position(next), 4096)).unwrap() {
            next += u64::from(Event::decode(&event.bytes).is_ok());
        }
    }
    let decoded = total / taken.elapsed().as_secs_f64();
    println!("read and decode all  {decoded:.0} events/s");
    for order in [Order::Forwards, Order::Backwards] {
        let mut slow = Vec::new();
        for n in 0..2000u64 {
            let customer = (n * 7919) % 100_000;
            let code = CustomerCode::new(format!("C-{customer:06}")).unwrap();
            let term = Term::stream(&StreamId::Customer(code));
            let taken = Instant::now();
            let found = now(store.find(term, Position(0)..Position(u64::MAX), order, 50)).unwrap();
            for position in found {
                now(store.read(position, 1)).unwrap();
            }
            slow.push(taken.elapsed().as_secs_f64() * 1e6);
        }
        slow.sort_by(f64::total_cmp);
        println!(
            "50 of one customer   p50 {:.0} us, p99 {:.0} us {order:?}",
            slow[slow.len() / 2],
            slow[slow.len() * 99 / 100]
        );
    }
    drop(store);
    std::fs::remove_dir_all(dir.join("sled")).unwrap();
    let taken = Instant::now();
    let (store, _) = LocalStore::open(&dir, &options).unwrap();
    store.wait_for_index();
    let rebuilt = total / taken.elapsed().as_secs_f64();
    println!(
        "rebuild of the index {rebuilt:.0} events/s, {:.2} of the decoded read",
        rebuilt / decoded
    );
    drop(store);
    let report = verify(&dir, None, &mut |_| {}).unwrap();
    println!("verify               {:.0} events/s", total / report.elapsed.as_secs_f64());
    std::fs::remove_dir_all(&folder).unwrap();
}
