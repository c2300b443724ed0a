//! Commits: sent once, whatever becomes of them.

use crate::World;
use crate::town::Commit;
use banyan_adapter::{Call, Connected, Fault, Outcome, Probed, Step};
use banyan_screens::refusals;
use banyan_testkit::block_on;

fn book(item: &str) -> Step {
    let given = [("item", item), ("qty", "5")];
    let given = given.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
    Step { what: "book_stock".to_owned(), given }
}

fn perform(source: &dyn Connected, step: &Step) -> Result<Outcome, Fault> {
    block_on(source.actuator().unwrap().perform(step, &Call::default()))
}

#[test]
fn a_commit_is_done_or_refused_in_the_systems_own_words() {
    let world = World::new();
    let source = world.source();
    assert!(matches!(perform(&source, &book("4711")).unwrap(), Outcome::Done(_)));
    match perform(&source, &book("0815")).unwrap() {
        Outcome::Rejected { code, message } => {
            assert_eq!((code.as_str(), message.as_str()), ("unknown-item", "UNKNOWN ITEM"));
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(world.town.host().booked.get("4711").map(String::as_str), Some("5"));
    let reading = Step { what: "read_stock".to_owned(), given: Vec::new() };
    assert_eq!(perform(&source, &reading).unwrap_err().code, refusals::NO_SUCH_FLOW);
    assert!(!source.actuator().unwrap().knows("read_stock") && source.actuator().unwrap().knows("book_stock"));
}

#[test]
fn after_a_commit_whose_line_is_gone_a_new_session_is_asked_and_the_commit_is_not_sent_again() {
    for (mood, done) in [(Commit::DoneAndGone, true), (Commit::NotDoneAndGone, false)] {
        let world = World::new();
        world.town.host().commit = mood;
        let source = world.source();
        let outcome = perform(&source, &book("4712"));
        match done {
            true => assert!(matches!(outcome, Ok(Outcome::Done(_))), "{outcome:?}"),
            false => assert_eq!(outcome.unwrap_err().code, refusals::NOT_DONE),
        }
        let host = world.town.host();
        assert_eq!((host.commits, host.booked.len()), (1, usize::from(done)));
    }
}

#[test]
fn a_commit_that_cannot_be_verified_is_in_doubt_and_can_be_probed_later() {
    let world = World::new();
    world.town.host().commit = Commit::DoneAndDown;
    let source = world.source();
    let step = book("4713");
    assert!(matches!(perform(&source, &step).unwrap(), Outcome::Unknown { .. }));
    assert_eq!(world.town.host().commits, 1);
    {
        let mut host = world.town.host();
        (host.down, host.commit) = (false, Commit::Fine);
    }
    let probed = |step: &Step| block_on(source.actuator().unwrap().probe(step, &Call::default())).unwrap();
    assert_eq!(probed(&step), Probed::Happened);
    assert_eq!(probed(&book("4711")), Probed::NotHappened);
    assert_eq!(world.town.host().commits, 1);
}

#[test]
fn a_commit_whose_own_screen_stops_the_map_is_verified_all_the_same() {
    for (mood, done) in [(Commit::DoneAndOdd, true), (Commit::NotDoneAndOdd, false)] {
        let world = World::new();
        world.town.host().commit = mood;
        let source = world.source();
        let outcome = perform(&source, &book("4712"));
        match done {
            true => assert!(matches!(outcome, Ok(Outcome::Done(_))), "{outcome:?}"),
            false => assert_eq!(outcome.unwrap_err().code, refusals::NOT_DONE),
        }
        assert_eq!(world.town.host().commits, 1);
        // Nobody else uses the map until a person has looked.
        world.town.host().commit = Commit::Fine;
        assert_eq!(perform(&source, &book("4713")).unwrap_err().code, refusals::BREAKER_OPEN);
    }
}

#[test]
fn what_was_booked_before_is_no_proof_of_another_booking() {
    let world = World::new();
    {
        let mut host = world.town.host();
        host.booked.insert("4712".to_owned(), "2".to_owned());
        host.commit = Commit::NotDoneAndGone;
    }
    match perform(&world.source(), &book("4712")).unwrap() {
        Outcome::Unknown { message } => {
            assert!(message.contains("`qty` is `2`, and was to be `5`"), "{message}");
        }
        other => panic!("{other:?}"),
    }
}
