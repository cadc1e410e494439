//! Answers that need no tool.

use super::Step;
use crate::model::answer;

const EXAMPLES: &str = "- “Show customers in Bergen with balance over 10,000”\n\
- “Top 5 customers by balance” or “How many unpaid sales invoices are there?”\n\
- “What are the payment terms of customer 10000?”\n\
- “Create a customer named Harbor Lights Ltd in Bergen with payment terms 14 days”\n\
- “Set up two new customers, Northwind Ltd and Contoso GmbH, as one change set”\n\
- “Change the credit limit of Fjordlys to 75,000”\n\
- “Make a sales quote for Fjordlys with 3 x 1120 and 2 desk lamps”, then “Turn it into an order”\n\
- “Post invoice 102001”\n\
- “Onboard Nordic Oak AS in Oslo with contact Anna Berg and a first quote for 2 x 1000”\n\
- “What has to be done for month end?”\n\
- “What fields does a vendor have?”";

pub(super) fn greeting() -> Step {
    Step::say(format!("Hello. I am the demo model: I read plain English by rules and work on the demo company. Every change waits for your approval. You can ask, for example:\n\n{EXAMPLES}"))
        .thinking("A greeting. I say what I am and what I understand.")
}

pub(super) fn help() -> Step {
    Step::say(format!("I am the demo model, a set of rules and no AI. I understand requests like these:\n\n{EXAMPLES}\n\nI change nothing without approval."))
}

pub(super) fn unknown(message: &str) -> Step {
    let short: String = message.chars().take(80).collect();
    let dots = if message.chars().count() > 80 { "…" } else { "" };
    Step::say(format!("I did not understand “{}{dots}”. I am the demo model and read requests like these:\n\n{EXAMPLES}", answer::inline(&short)))
        .thinking("None of my rules fits this message. I say so and do nothing.")
}
