#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use proptest::prelude::*;

use super::*;
use crate::contents::Amount;

const NOW: &str = "2026-03-01T12:00:00Z";

fn now() -> Timestamp {
    NOW.parse().unwrap()
}

fn rule(verdict: RuleVerdict, tool: Option<&str>, entity: Option<&str>, operation: Option<WriteOperation>) -> PermissionRule {
    let expires_at = (verdict == RuleVerdict::Allow).then(|| now() + ALLOW_USUALLY);
    PermissionRule { tool: tool.map(Into::into), entity: entity.map(Into::into), operation, verdict, expires_at }
}

fn rules(role: AccessRole, exceptions: Vec<PermissionRule>) -> Rules {
    Rules { permissions: Permissions { role, rules: exceptions, ..Permissions::default() }, now: now(), ..Rules::default() }
}

fn policy(text: &str) -> Organisation {
    Organisation::InForce(Policy::parse(text).unwrap())
}

const CREATE: (Effect, WriteOperation, &str) = (Effect::Write, WriteOperation::Create, "customers");
const UPDATE: (Effect, WriteOperation, &str) = (Effect::Write, WriteOperation::Update, "customers");
const DELETE: (Effect, WriteOperation, &str) = (Effect::Destructive, WriteOperation::Delete, "customers");
const POST: (Effect, WriteOperation, &str) = (Effect::Destructive, WriteOperation::Action, "salesInvoices");

fn ask(what: (Effect, WriteOperation, &str), kind: ConnectionKind, contents: &Contents, rules: &Rules) -> PolicyDecision {
    let (effect, operation, entity) = what;
    decide(&WriteQuestion { effect, tool: crate::tool_of(operation), operation: Some(operation), entity, connection: kind, contents: Some(contents) }, rules)
}

/// What came of it in one word: `allow`, `medium`, `high`, `deny`.
fn word(decision: &PolicyDecision) -> &'static str {
    match decision {
        PolicyDecision::Allow(_) => "allow",
        PolicyDecision::Ask { priority: Priority::High, .. } => "high",
        PolicyDecision::Ask { .. } => "medium",
        PolicyDecision::Deny(reason) => {
            assert!(reason.ends_with('.'), "{reason}");
            "deny"
        }
    }
}

#[test]
fn roles_say_what_may_be_asked() {
    let table = [
        (AccessRole::Viewer, ["deny", "deny", "deny", "deny"]),
        (AccessRole::Editor, ["medium", "medium", "deny", "deny"]),
        (AccessRole::Admin, ["medium", "medium", "high", "high"]),
    ];
    for (role, expected) in table {
        let found = [CREATE, UPDATE, DELETE, POST].map(|what| word(&ask(what, ConnectionKind::Sandbox, &Contents::default(), &rules(role, vec![]))));
        assert_eq!(found, expected, "{role:?}");
        let read = WriteQuestion {
            effect: Effect::Read,
            tool: "bc_query_entities",
            operation: None,
            entity: "customers",
            connection: ConnectionKind::Production,
            contents: None,
        };
        assert_eq!(word(&decide(&read, &rules(role, vec![]))), "allow");
    }
    assert_eq!(word(&ask(CREATE, ConnectionKind::Production, &Contents::default(), &rules(AccessRole::Editor, vec![]))), "high");
}

/// Each row: the role, the rules, and what comes of create, update, delete and post in a sandbox.
#[test]
fn exceptions_hold_by_their_precedence() {
    use RuleVerdict::{Allow, Ask, Deny};
    let create = Some(WriteOperation::Create);
    let delete = Some(WriteOperation::Delete);
    let cases = [
        ("deny of everything", AccessRole::Admin, vec![rule(Deny, None, None, None)], ["deny", "deny", "deny", "deny"]),
        (
            "deny wins over a more specific ask",
            AccessRole::Admin,
            vec![rule(Deny, None, Some("customers"), None), rule(Ask, None, Some("customers"), create)],
            ["deny", "deny", "deny", "high"],
        ),
        (
            "deny wins over allow",
            AccessRole::Admin,
            vec![rule(Deny, None, Some("customers"), None), rule(Allow, None, Some("customers"), create)],
            ["deny", "deny", "deny", "high"],
        ),
        ("ask opens what the role closes", AccessRole::Viewer, vec![rule(Ask, None, Some("customers"), None)], ["medium", "medium", "high", "deny"]),
        ("ask for one operation", AccessRole::Editor, vec![rule(Ask, None, None, delete)], ["medium", "medium", "high", "deny"]),
        ("allow does not open what the role closes", AccessRole::Viewer, vec![rule(Allow, None, None, None)], ["deny", "deny", "deny", "deny"]),
        ("allow lets plain writes go", AccessRole::Admin, vec![rule(Allow, None, None, None)], ["allow", "allow", "high", "high"]),
        ("allow by tool", AccessRole::Editor, vec![rule(Allow, Some("bc_create_entity"), None, None)], ["allow", "medium", "deny", "deny"]),
        (
            "the more specific one holds",
            AccessRole::Admin,
            vec![rule(Allow, None, None, None), rule(Ask, None, Some("customers"), create)],
            ["medium", "allow", "high", "high"],
        ),
        (
            "of equals the stricter",
            AccessRole::Admin,
            vec![rule(Ask, None, Some("customers"), None), rule(Allow, None, Some("CUSTOMERS"), None)],
            ["medium", "medium", "high", "high"],
        ),
        ("another entity", AccessRole::Admin, vec![rule(Allow, None, Some("vendors"), None)], ["medium", "medium", "high", "high"]),
    ];
    for (name, role, exceptions, expected) in cases {
        let rules = rules(role, exceptions);
        let found = [CREATE, UPDATE, DELETE, POST].map(|what| word(&ask(what, ConnectionKind::Sandbox, &Contents::default(), &rules)));
        assert_eq!(found, expected, "{name}");
    }
}

#[test]
fn a_denied_entity_or_tool_is_not_read_either() {
    let read = |rules: &Rules| {
        let question = WriteQuestion {
            effect: Effect::Read,
            tool: "bc_query_entities",
            operation: None,
            entity: "employees",
            connection: ConnectionKind::Demo,
            contents: None,
        };
        word(&decide(&question, rules))
    };
    assert_eq!(read(&rules(AccessRole::Admin, vec![rule(RuleVerdict::Deny, None, Some("employees"), None)])), "deny");
    assert_eq!(read(&rules(AccessRole::Admin, vec![rule(RuleVerdict::Deny, Some("bc_query_entities"), None, None)])), "deny");
    assert_eq!(read(&rules(AccessRole::Admin, vec![rule(RuleVerdict::Deny, None, Some("employees"), Some(WriteOperation::Update))])), "allow");
    assert_eq!(read(&rules(AccessRole::Admin, vec![rule(RuleVerdict::Deny, None, None, None)])), "allow");
}

#[test]
fn allowing_without_asking_is_bounded() {
    let all = rules(AccessRole::Admin, vec![rule(RuleVerdict::Allow, None, None, None)]);
    for (kind, expected) in
        [(ConnectionKind::Demo, "allow"), (ConnectionKind::Sandbox, "allow"), (ConnectionKind::OnPremises, "medium"), (ConnectionKind::Production, "high")]
    {
        assert_eq!(word(&ask(UPDATE, kind, &Contents::default(), &all)), expected, "{kind:?}");
    }
    let bank = (Effect::Write, WriteOperation::Update, "bankAccounts");
    assert_eq!(word(&ask(bank, ConnectionKind::Demo, &Contents::default(), &all)), "medium");
    let mut lifted = all.clone();
    lifted.permissions.lifted_fields = vec!["IBAN".into()];
    let iban = Contents { fields: vec!["iban".into()], amount: None };
    assert_eq!(word(&ask(UPDATE, ConnectionKind::Demo, &iban, &lifted)), "medium");
    let ends = |expires_at| {
        let mut rules = all.clone();
        rules.permissions.rules[0].expires_at = expires_at;
        word(&ask(UPDATE, ConnectionKind::Demo, &Contents::default(), &rules))
    };
    let ahead = |seconds: i64| Some(now() + SignedDuration::from_secs(seconds));
    assert_eq!([ends(None), ends(ahead(0)), ends(ahead(-1)), ends(ahead(1))], ["medium", "medium", "medium", "allow"]);
    let month = ALLOW_AT_MOST.as_secs();
    assert_eq!([ends(ahead(month)), ends(ahead(month + 1))], ["allow", "medium"]);
}

#[test]
fn bank_accounts_and_vat_numbers_are_written_only_where_they_were_lifted() {
    for field in PROTECTED_FIELDS {
        let contents = Contents { fields: vec!["displayName".into(), field.to_ascii_uppercase()], amount: None };
        let mut rules = rules(AccessRole::Admin, vec![]);
        let refused = ask(UPDATE, ConnectionKind::Demo, &contents, &rules);
        assert!(matches!(&refused, PolicyDecision::Deny(why) if why.contains(&field.to_ascii_uppercase())), "{refused:?}");
        rules.permissions.lifted_fields = vec![(*field).into()];
        assert_eq!(word(&ask(UPDATE, ConnectionKind::Demo, &contents, &rules)), "medium");
        rules.organisation = policy(r#"{"version":1,"lifting_fields":false}"#);
        assert_eq!(word(&ask(UPDATE, ConnectionKind::Demo, &contents, &rules)), "deny");
    }
    let mut rules = rules(AccessRole::Admin, vec![]);
    rules.permissions.never_written_fields = vec!["creditLimit".into()];
    rules.permissions.lifted_fields = vec!["creditLimit".into()];
    let contents = Contents { fields: vec!["creditLimit".into()], amount: None };
    assert_eq!(word(&ask(UPDATE, ConnectionKind::Demo, &contents, &rules)), "deny");
}

#[test]
fn limits_are_used_up() {
    let mut rules = rules(AccessRole::Admin, vec![]);
    rules.permissions.limits.writes_per_hour = Some(2);
    rules.permissions.limits.writes_per_day = Some(5);
    let at =
        |last_hour, last_day| word(&ask(CREATE, ConnectionKind::Demo, &Contents::default(), &Rules { used: Used { last_hour, last_day }, ..rules.clone() }));
    assert_eq!([at(1, 1), at(2, 2), at(0, 5), at(1, 4)], ["medium", "deny", "deny", "medium"]);
    rules.organisation = policy(r#"{"version":1,"writes_per_hour":0}"#);
    assert_eq!(word(&ask(CREATE, ConnectionKind::Demo, &Contents::default(), &rules)), "deny");
}

#[test]
fn an_amount_above_the_limit_is_typed() {
    let mut rules = rules(AccessRole::Admin, vec![rule(RuleVerdict::Allow, None, None, None)]);
    rules.permissions.limits.typed_above = Some("1000.00".into());
    let typed = |amount: &str, rules: &Rules| {
        let amount = Some(Amount { text: amount.into(), value: amount.parse().ok() });
        match ask(UPDATE, ConnectionKind::Demo, &Contents { fields: vec![], amount }, rules) {
            PolicyDecision::Ask { typed, .. } => typed,
            PolicyDecision::Allow(_) => Some("unasked".into()),
            PolicyDecision::Deny(why) => panic!("{why}"),
        }
    };
    assert_eq!(typed("1000.01", &rules), Some("1000.01".into()));
    assert_eq!(typed("1000", &rules), Some("unasked".into()));
    assert_eq!(typed("99999999999999999999999999999999999999", &rules), Some("99999999999999999999999999999999999999".into()));
    rules.organisation = policy(r#"{"version":1,"typed_above":"500"}"#);
    assert_eq!(typed("501", &rules), Some("501".into()));
}

#[test]
fn an_organisation_only_tightens() {
    let empty = Contents::default();
    let mut rules =
        rules(AccessRole::Admin, vec![rule(RuleVerdict::Allow, None, None, None), rule(RuleVerdict::Ask, None, None, Some(WriteOperation::Delete))]);
    let mut with = |text: &str| {
        rules.organisation = policy(text);
        [CREATE, UPDATE, DELETE, POST].map(|what| word(&ask(what, ConnectionKind::Demo, &empty, &rules)))
    };
    assert_eq!(with(r#"{"version":1}"#), ["allow", "allow", "high", "high"]);
    assert_eq!(with(r#"{"version":1,"role":"editor"}"#), ["allow", "allow", "deny", "deny"]);
    assert_eq!(with(r#"{"version":1,"role":"viewer"}"#), ["deny", "deny", "deny", "deny"]);
    assert_eq!(with(r#"{"version":1,"allow_without_asking":false}"#), ["medium", "medium", "high", "high"]);
    assert_eq!(with(r#"{"version":1,"deny":[{"entity":"customers","operation":"delete"}]}"#), ["allow", "allow", "deny", "high"]);
    assert_eq!(with(r#"{"version":1,"never_written":["Customers"]}"#), ["deny", "deny", "deny", "high"]);
    rules.organisation = Organisation::Unusable("x".into());
    assert_eq!([CREATE, UPDATE, DELETE, POST].map(|what| word(&ask(what, ConnectionKind::Demo, &empty, &rules))), ["deny"; 4]);
    assert_eq!(rules.effective_role(), AccessRole::Viewer);
    assert!(rules.allowed_now().is_empty());
}

#[test]
fn what_can_not_be_read_is_denied() {
    let question = WriteQuestion {
        effect: Effect::Write,
        tool: "bc_update_entity",
        operation: Some(WriteOperation::Update),
        entity: "customers",
        connection: ConnectionKind::Demo,
        contents: None,
    };
    assert_eq!(word(&decide(&question, &rules(AccessRole::Admin, vec![]))), "deny");
}

fn any_rule() -> impl Strategy<Value = PermissionRule> {
    let verdict = prop_oneof![Just(RuleVerdict::Allow), Just(RuleVerdict::Ask), Just(RuleVerdict::Deny)];
    let tool = proptest::option::of(prop_oneof![Just("bc_create_entity".to_owned()), Just("bc_delete_entity".to_owned())]);
    let entity = proptest::option::of(prop_oneof![Just("customers".to_owned()), Just("salesInvoices".to_owned())]);
    let operation = proptest::option::of(prop_oneof![Just(WriteOperation::Create), Just(WriteOperation::Delete), Just(WriteOperation::Action)]);
    (verdict, tool, entity, operation, proptest::option::of(-3_600_i64..4_000_000)).prop_map(|(verdict, tool, entity, operation, ahead)| PermissionRule {
        tool,
        entity,
        operation,
        verdict,
        expires_at: ahead.map(|seconds| now() + SignedDuration::from_secs(seconds)),
    })
}

proptest! {
    /// However rules stand together: nothing destructive, nothing in production and nothing with bank data goes without a question.
    #[test]
    fn nothing_grave_goes_unasked(exceptions in proptest::collection::vec(any_rule(), 0..6), kind in 0..4_usize, what in 0..4_usize, bank in any::<bool>()) {
        let kind = [ConnectionKind::Demo, ConnectionKind::Sandbox, ConnectionKind::Production, ConnectionKind::OnPremises][kind];
        let what = [CREATE, UPDATE, DELETE, POST][what];
        let mut rules = rules(AccessRole::Admin, exceptions);
        rules.permissions.lifted_fields = vec!["iban".into()];
        let contents = Contents { fields: if bank { vec!["iban".into()] } else { vec![] }, amount: None };
        let decision = ask(what, kind, &contents, &rules);
        let is_grave = bank || what.0 == Effect::Destructive || matches!(kind, ConnectionKind::Production | ConnectionKind::OnPremises);
        prop_assert!(!is_grave || !matches!(decision, PolicyDecision::Allow(_)), "{decision:?}");
        // A policy of the organisation never makes it looser.
        let loose = |decision: &PolicyDecision| match word(decision) { "allow" => 2, "deny" => 0, _ => 1 };
        for text in [r#"{"version":1}"#, r#"{"version":1,"role":"viewer"}"#, r#"{"version":1,"allow_without_asking":false}"#] {
            let tightened = Rules { organisation: policy(text), ..rules.clone() };
            prop_assert!(loose(&ask(what, kind, &contents, &tightened)) <= loose(&decision));
        }
    }
}
