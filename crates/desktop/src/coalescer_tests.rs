#![allow(clippy::unwrap_used)]

use std::sync::mpsc;

use bca_protocol::{Clock as _, RunId, SessionId, StopReason, SystemClock, Usage};

use super::*;

fn event(seq: u64, kind: EventKind) -> AgentEvent {
    AgentEvent { seq, at: SystemClock::new().now(), run_id: RunId::new(), session_id: SessionId::new(), kind }
}

fn text(text: &str) -> EventKind {
    EventKind::TextDelta { text: text.into() }
}

#[test]
fn pieces_of_text_arrive_whole_in_order_and_in_few_arrays() {
    let clock = tokio::runtime::Runtime::new().unwrap();
    let (sender, receiver) = mpsc::channel();
    let sink = Coalescer::new(clock.handle().clone(), move |events| sender.send(events).unwrap());
    for seq in 1..=10_000 {
        sink.emit(event(seq, text(&format!("{seq} "))));
    }
    sink.emit(event(10_001, EventKind::ThinkingDelta { text: "hm".into() }));
    sink.emit(event(10_002, EventKind::RunCompleted { stop_reason: StopReason::EndTurn }));
    let arrays: Vec<Vec<AgentEvent>> = receiver.try_iter().collect();
    let events: Vec<&AgentEvent> = arrays.iter().flatten().collect();
    assert!(events.len() < 1_000, "{} events for 10,002", events.len());
    assert!(events.windows(2).all(|pair| pair[0].seq < pair[1].seq), "out of order");
    let said: String = events.iter().filter_map(|event| if let EventKind::TextDelta { text } = &event.kind { Some(text.as_str()) } else { None }).collect();
    assert_eq!(said, (1..=10_000).map(|seq| format!("{seq} ")).collect::<String>());
    assert_eq!(events.last().unwrap().seq, 10_002);
}

/// An event that nobody waits for, and that shows something.
fn note() -> EventKind {
    EventKind::TodosUpdated { todos: Vec::new() }
}

/// What has left by now, as the numbers of each array.
fn left(receiver: &mpsc::Receiver<Vec<u64>>) -> Vec<Vec<u64>> {
    receiver.try_iter().collect()
}

fn in_virtual_time() -> (Arc<Coalescer>, mpsc::Receiver<Vec<u64>>) {
    let (sender, receiver) = mpsc::channel();
    let outlet = move |events: Vec<AgentEvent>| sender.send(events.iter().map(|event| event.seq).collect()).unwrap();
    (Coalescer::new(Handle::current(), outlet), receiver)
}

#[tokio::test(start_paused = true)]
async fn what_comes_after_a_pause_leaves_at_once_and_what_follows_it_is_gathered_for_a_frame() {
    let (sink, receiver) = in_virtual_time();
    for seq in 1..=4 {
        sink.emit(event(seq, note()));
    }
    assert_eq!(left(&receiver), [[1]]);
    tokio::time::sleep(FRAME * 2).await;
    assert_eq!(left(&receiver), [[2, 3, 4]]);
    // Two frames brought nothing: this is after a pause again.
    tokio::time::sleep(FRAME * 2).await;
    sink.emit(event(5, text("a")));
    assert_eq!(left(&receiver), [[5]]);
}

#[tokio::test(start_paused = true)]
async fn what_shows_little_waits_for_what_comes_right_behind_it() {
    let (sink, receiver) = in_virtual_time();
    sink.emit(event(1, EventKind::TurnStarted { turn: 1 }));
    sink.emit(event(2, EventKind::Usage(Usage::default())));
    sink.emit(event(3, note()));
    assert!(left(&receiver).is_empty());
    tokio::time::sleep(FRAME * 2).await;
    assert_eq!(left(&receiver), [[1, 2, 3]]);
}

#[tokio::test(start_paused = true)]
async fn the_end_of_a_run_takes_along_what_waits() {
    let (sink, receiver) = in_virtual_time();
    for seq in 1..=3 {
        sink.emit(event(seq, note()));
    }
    sink.emit(event(4, EventKind::RunCompleted { stop_reason: StopReason::EndTurn }));
    assert_eq!(left(&receiver), [vec![1], vec![2, 3, 4]]);
}

#[tokio::test(start_paused = true)]
async fn order_is_kept_over_all_frames() {
    let (sink, receiver) = in_virtual_time();
    for seq in 1..=100 {
        sink.emit(event(seq, note()));
        tokio::time::sleep(Duration::from_millis(seq % 7)).await;
    }
    tokio::time::sleep(FRAME * 2).await;
    let arrays = left(&receiver);
    assert!(arrays.len() < 50, "{} arrays", arrays.len());
    assert_eq!(arrays.concat(), (1..=100).collect::<Vec<_>>());
}
