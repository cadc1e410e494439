use bca_protocol::{Block, EventKind, Role};
use futures::StreamExt;

use crate::{
    Message, ModelError, ModelEvent, ModelReply, ModelRequest, TurnRecord,
    run::{Fault, Run, internal, since},
};

/// How a model call ended.
pub(crate) enum TurnEnd {
    /// With a whole answer.
    Reply(ModelReply, TurnRecord),
    /// The person stopped it; what had streamed is stored.
    Cancelled,
}

/// What has streamed so far of an answer, kept for the case that it is interrupted.
#[derive(Default)]
struct Streamed {
    thinking: String,
    text: String,
}

impl Streamed {
    fn into_message(self, provider: &str) -> Option<Message> {
        let mut blocks = Vec::new();
        if !self.thinking.is_empty() {
            blocks.push(Block::Thinking { text: self.thinking });
        }
        if !self.text.is_empty() {
            blocks.push(Block::Text { text: self.text });
        }
        let message = Message { provider: Some(provider.to_owned()), ..Message::new(Role::Assistant, blocks) };
        (!message.blocks.is_empty()).then_some(message)
    }
}

impl Run {
    /// Calls the model with the history, passes deltas on, and returns the whole answer. The messages are lent to the request
    /// and come back, so that a long history isn't copied at every turn.
    pub(crate) async fn model_call(&self, messages: &mut Vec<Message>) -> Result<TurnEnd, Fault> {
        let started = self.engine.clock.monotonic();
        let request = ModelRequest {
            model: self.request.model.clone(),
            system: self.request.system.clone(),
            tools: self.specs.clone(),
            messages: std::mem::take(messages),
            max_tokens: self.engine.limits.max_tokens,
            thinking: self.request.thinking,
        };
        let opened = tokio::select! {
            biased;
            () = self.cancel.cancelled() => None,
            opened = self.engine.provider.stream(&request, &self.cancel) => Some(opened),
        };
        *messages = request.messages;
        let Some(opened) = opened else { return Ok(TurnEnd::Cancelled) };
        let mut stream = match opened {
            Ok(stream) => stream,
            Err(error) => return self.failed(error, Streamed::default()).await,
        };
        let mut streamed = Streamed::default();
        let mut first_delta = None;
        loop {
            let event = tokio::select! {
                biased;
                () = self.cancel.cancelled() => {
                    self.keep(streamed).await;
                    return Ok(TurnEnd::Cancelled);
                }
                event = stream.next() => event,
            };
            match event {
                Some(Ok(ModelEvent::TextDelta(text))) => {
                    first_delta.get_or_insert_with(|| since(&*self.engine.clock, started));
                    streamed.text.push_str(&text);
                    self.emitter.emit(EventKind::TextDelta { text });
                }
                Some(Ok(ModelEvent::ThinkingDelta(text))) => {
                    first_delta.get_or_insert_with(|| since(&*self.engine.clock, started));
                    streamed.thinking.push_str(&text);
                    self.emitter.emit(EventKind::ThinkingDelta { text });
                }
                Some(Ok(ModelEvent::Completed(reply))) => {
                    let record = TurnRecord { turn: 0, usage: reply.usage, first_delta, total: since(&*self.engine.clock, started) };
                    return Ok(TurnEnd::Reply(reply, record));
                }
                Some(Err(error)) => return self.failed(error, streamed).await,
                None => {
                    self.keep(streamed).await;
                    return Err(internal("The model's answer ended without an end. Nothing was lost; ask again.").into());
                }
            }
        }
    }

    /// A model call failed: what had streamed is kept, the provider's own words go to the error log.
    async fn failed(&self, error: ModelError, streamed: Streamed) -> Result<TurnEnd, Fault> {
        self.keep(streamed).await;
        if self.cancel.is_cancelled() {
            return Ok(TurnEnd::Cancelled);
        }
        tracing::warn!(code = error.code.as_str(), detail = %error.detail, "a model call failed");
        Err(error.into())
    }

    async fn keep(&self, streamed: Streamed) {
        let Some(message) = streamed.into_message(self.engine.provider.name()) else { return };
        if let Err(fault) = self.engine.transcript.partial(&self.record, &message, self.engine.clock.now()).await {
            tracing::error!(%fault, "what had streamed could not be stored");
        }
    }
}
