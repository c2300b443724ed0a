//! What requests see: one version of the catalog, the store, and how fresh each dataset is.
//!
//! Invariant: a [`Serving`] never changes but for freshness and what it learns of older rows; a reload makes a new one
//! and swaps it in ([`Shared`]), so that a request sees one version from beginning to end.
//! Not here: reading for a request (`execute`), lineage (`why`), HTTP.

mod face;
mod freshness;

pub use face::Face;
pub use freshness::Freshness;

use super::capture::Captures;
use super::clock::Clock;
use super::consumers::{Brownout, Callers};
use super::live::Live;
use super::places::Places;
use super::routes::Routes;
use super::shadow::Shadow;
use banyan_migration::consumer::Consumers;
use banyan_model::instance::{Book, FactsHead, Plans};
use banyan_model::model::{Catalog, DatasetNo, EntityNo};
use banyan_store::{Result, Store};
use std::cell::RefCell;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

/// One version of everything a request needs.
pub struct Serving {
    /// The bound catalog.
    pub catalog: Arc<Catalog>,
    /// The store.
    pub store: Arc<dyn Store>,
    /// How fresh each dataset is; ingest advances it.
    pub freshness: Arc<Freshness>,
    /// What the age of an answer is counted with.
    pub clock: Clock,
    /// Asks sources while a request waits; `None` where no source can be asked.
    pub live: Option<Live>,
    /// Where values stood, where adapters know that.
    pub places: Places,
    /// Routes that lead elsewhere.
    pub routes: Arc<Routes>,
    /// Who may call by name.
    pub consumers: Arc<Consumers>,
    /// What consumers go without for a while.
    pub brownouts: Arc<Vec<Brownout>>,
    faces: Vec<Face>,
    collections: Vec<(String, EntityNo)>,
    /// Dataset of each current plan, by plan number: the common case without a lock.
    dataset_of: Vec<Option<DatasetNo>>,
    /// Knows older numbers too, as soon as a row with them was met.
    book: RwLock<Arc<Book>>,
}

impl Serving {
    /// Derives everything from a bound catalog; freshness is read from the store's units.
    pub fn new(catalog: Arc<Catalog>, store: Arc<dyn Store>) -> Result<Serving> {
        let freshness = Arc::new(Freshness::of(&catalog, &mut *store.reader()?)?);
        let faces = (0..catalog.entities.len()).map(|e| Face::new(&catalog, e)).collect();
        let mut collections: Vec<(String, EntityNo)> =
            catalog.entities.iter().enumerate().map(|(no, e)| (e.plural.clone(), no)).collect();
        collections.sort_unstable();
        let highest = catalog.mappings.iter().map(|m| m.plan as usize).max().unwrap_or(0);
        let mut dataset_of = vec![None; highest + 1];
        for m in &catalog.mappings {
            dataset_of[m.plan as usize] = Some(m.dataset);
        }
        let book = RwLock::new(Arc::new(Book::new(&catalog)));
        let clock = Clock::system();
        Ok(Serving {
            catalog,
            store,
            freshness,
            clock,
            live: None,
            places: Places::default(),
            routes: Arc::default(),
            consumers: Arc::default(),
            brownouts: Arc::default(),
            faces,
            collections,
            dataset_of,
            book,
        })
    }

    /// The entity of a collection, by its name in URLs.
    pub fn collection(&self, plural: &str) -> Option<EntityNo> {
        let at = self.collections.binary_search_by(|(name, _)| name.as_str().cmp(plural)).ok()?;
        self.collections.get(at).map(|(_, no)| *no)
    }

    /// How instances of an entity are rendered.
    pub fn face(&self, entity: EntityNo) -> &Face {
        &self.faces[entity]
    }

    /// The dataset a plan reads, if it still exists.
    pub fn dataset_of_plan(&self, plan: u32) -> Option<DatasetNo> {
        match self.dataset_of.get(plan as usize) {
            Some(Some(dataset)) => Some(*dataset),
            _ => {
                let book = self.book_knowing(&[plan], &[]).ok()?;
                let mapping = book.plan(plan)?.mapping?;
                Some(self.catalog.mappings.get(mapping)?.dataset)
            }
        }
    }

    /// Adds the datasets an instance rests on, each once.
    pub fn contributors(&self, head: &FactsHead<'_>, out: &mut Vec<DatasetNo>) {
        head.for_each_plan(|plan| {
            if let Some(dataset) = self.dataset_of_plan(plan)
                && !out.contains(&dataset)
            {
                out.push(dataset);
            }
        });
    }

    /// The book, after it has learned these numbers. Numbers the store does not know stay unknown.
    pub fn book_knowing(&self, plans: &[u32], shapes: &[u32]) -> Result<Arc<Book>> {
        let book = self.book.read().unwrap_or_else(PoisonError::into_inner).clone();
        let missing =
            |book: &Book| plans.iter().any(|p| book.plan(*p).is_none()) || shapes.iter().any(|s| !book.knows_shape(*s));
        if !missing(&book) {
            return Ok(book);
        }
        let mut more = Book::clone(&book);
        for plan in plans {
            if let Some((_, about)) = self.store.about("plan", *plan)? {
                more.learn_plan(&self.catalog, *plan, &about);
            }
        }
        for shape in shapes {
            if let Some((_, about)) = self.store.about("shape", *shape)? {
                more.learn_shape(*shape, &about);
            }
        }
        let more = Arc::new(more);
        *self.book.write().unwrap_or_else(PoisonError::into_inner) = more.clone();
        Ok(more)
    }

    /// Runs `read` with a book that knows every number `read` asks it for.
    pub fn with_book<R>(&self, read: impl Fn(&dyn Plans, &Book) -> R) -> Result<R> {
        let mut book = self.book_knowing(&[], &[])?;
        // Each round learns what the one before missed; rows of many versions settle in two.
        for _ in 0..4 {
            let curious = Curious { book: &book, missed: RefCell::default() };
            let r = read(&curious, &book);
            let missed = curious.missed.into_inner();
            if missed.is_empty() {
                return Ok(r);
            }
            let (plans, shapes): (Vec<u32>, Vec<u32>) = missed.into_iter().unzip();
            book = self.book_knowing(&plans, &shapes)?;
        }
        Ok(read(&*book, &book))
    }
}

/// Notes which numbers a decoder asked for in vain.
struct Curious<'b> {
    book: &'b Book,
    missed: RefCell<Vec<(u32, u32)>>,
}

impl Plans for Curious<'_> {
    fn positions(&self, plan: u32, shape: u32) -> &[Option<u16>] {
        if !self.book.knows(plan, shape) {
            self.missed.borrow_mut().push((plan, shape));
        }
        self.book.positions(plan, shape)
    }
}

/// The current [`Serving`], swapped as a whole.
pub struct Shared {
    shadow: OnceLock<Arc<Shadow>>,
    callers: OnceLock<Callers>,
    captures: OnceLock<Arc<Captures>>,
    version: AtomicU64,
    current: RwLock<Arc<Serving>>,
}

impl Shared {
    /// Begins with that one.
    pub fn new(serving: Serving) -> Shared {
        Shared {
            shadow: OnceLock::new(),
            callers: OnceLock::new(),
            captures: OnceLock::new(),
            version: AtomicU64::new(1),
            current: RwLock::new(Arc::new(serving)),
        }
    }

    /// Mirrors from now on.
    pub fn with_shadow(&self, shadow: Arc<Shadow>) {
        let _ = self.shadow.set(shadow);
    }

    /// Who mirrors requests, if someone does.
    pub fn shadow(&self) -> Option<&Arc<Shadow>> {
        self.shadow.get()
    }

    /// Counts who calls from now on.
    pub fn with_callers(&self, callers: Callers) {
        let _ = self.callers.set(callers);
    }

    /// Who counts callers, if someone does.
    pub fn callers(&self) -> Option<&Callers> {
        self.callers.get()
    }

    /// Keeps requests from now on.
    pub fn with_captures(&self, captures: Arc<Captures>) {
        let _ = self.captures.set(captures);
    }

    /// Who keeps requests, if someone does.
    pub fn captures(&self) -> Option<&Arc<Captures>> {
        self.captures.get()
    }

    /// The current one.
    pub fn get(&self) -> Arc<Serving> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Grows with every swap: workers compare it on each request and take no lock while it stays.
    pub fn version(&self) -> u64 {
        self.version.load(Ordering::Acquire)
    }

    /// Requests that begin from now on see `next`; those under way end with what they began with.
    pub fn swap(&self, next: Serving) -> Arc<Serving> {
        let next = Arc::new(next);
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        *current = next.clone();
        self.version.fetch_add(1, Ordering::Release);
        next
    }
}
