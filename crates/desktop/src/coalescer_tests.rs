#![allow(clippy::unwrap_used)]

use std::sync::mpsc;

use bca_protocol::{Clock as _, RunId, SessionId, StopReason, SystemClock};

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

#[test]
fn what_is_no_delta_leaves_at_once_behind_what_came_before() {
    let clock = tokio::runtime::Runtime::new().unwrap();
    let (sender, receiver) = mpsc::channel();
    let sink = Coalescer::new(clock.handle().clone(), move |events| sender.send(events).unwrap());
    sink.emit(event(1, text("a")));
    sink.emit(event(2, EventKind::TurnStarted { turn: 2 }));
    // Already here: emit itself handed them on.
    let seqs: Vec<u64> = receiver.try_iter().flatten().map(|event| event.seq).collect();
    assert_eq!(seqs, [1, 2]);
}

#[test]
fn a_lone_delta_leaves_after_a_frame() {
    let clock = tokio::runtime::Runtime::new().unwrap();
    let (sender, receiver) = mpsc::channel();
    let sink = Coalescer::new(clock.handle().clone(), move |events| sender.send(events).unwrap());
    sink.emit(event(1, text("a")));
    assert_eq!(receiver.recv_timeout(Duration::from_secs(10)).unwrap().len(), 1);
}
