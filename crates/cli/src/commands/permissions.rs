//! `permissions`: what may be done on a connection.

use bca_app::App;
use bca_protocol::{PermissionRule, Permissions as Set, PermissionsView, PolicyState, RuleVerdict};
use jiff::{SignedDuration, Timestamp};

use crate::{
    console::{Console, Form},
    exit::{Exit, Failure},
    oversight::{Bound, Permissions, SetPermissions},
    render::words::{moment, value},
};

pub(super) async fn run(app: &App, connection: Option<&str>, command: Permissions, console: &mut Console) -> Result<Exit, Failure> {
    let view = match command {
        Permissions::Show => app.permissions(connection).await?,
        Permissions::Set(wanted) => {
            let now = app.permissions(connection).await?;
            app.set_permissions(Some(&now.connection), changed(now.permissions, *wanted)).await?
        }
    };
    match console.form {
        Form::Json => console.json(&view)?,
        Form::People => console.print(&page(&view))?,
    }
    Ok(Exit::Done)
}

/// What was, with what is wanted otherwise.
fn changed(mut permissions: Set, wanted: SetPermissions) -> Set {
    let SetPermissions { role, allow, hours, ask, deny, clear_rules, lift, protect, .. } = wanted;
    permissions.role = role.unwrap_or(permissions.role);
    if clear_rules {
        permissions.rules.clear();
    }
    let end = Timestamp::now().checked_add(SignedDuration::from_hours(i64::from(hours))).ok();
    let allow = allow.into_iter().map(|rule| PermissionRule { expires_at: end, ..rule });
    for rule in allow.chain(ask).chain(deny) {
        let same = |other: &PermissionRule| (&other.tool, &other.entity, &other.operation) == (&rule.tool, &rule.entity, &rule.operation);
        permissions.rules.retain(|other| !same(other));
        permissions.rules.push(rule);
    }
    for field in lift {
        permissions.never_written_fields.retain(|other| !other.eq_ignore_ascii_case(&field));
        permissions.lifted_fields.retain(|other| !other.eq_ignore_ascii_case(&field));
        permissions.lifted_fields.push(field);
    }
    for field in protect {
        permissions.lifted_fields.retain(|other| !other.eq_ignore_ascii_case(&field));
        permissions.never_written_fields.retain(|other| !other.eq_ignore_ascii_case(&field));
        permissions.never_written_fields.push(field);
    }
    permissions.dry_run = wanted.dry_run.or(permissions.dry_run);
    let limits = &mut permissions.limits;
    let bounds = [
        (&mut limits.writes_per_hour, wanted.writes_per_hour),
        (&mut limits.writes_per_day, wanted.writes_per_day),
        (&mut limits.concurrent_runs, wanted.concurrent_runs),
        (&mut limits.tool_calls_per_run, wanted.tool_calls_per_run),
    ];
    for (bound, wanted) in bounds {
        if let Some(Bound(number)) = wanted {
            *bound = number;
        }
    }
    match wanted.typed_above.as_deref() {
        None => {}
        Some("none") => limits.typed_above = None,
        Some(amount) => limits.typed_above = Some(amount.to_owned()),
    }
    permissions
}

fn page(view: &PermissionsView) -> String {
    let Set { role, rules, limits, lifted_fields, .. } = &view.permissions;
    let mut lines = vec![format!("Connection  {}", value(&view.connection)), format!("Role        {}", role.as_str())];
    if view.effective_role != *role {
        lines.push(format!("            {} by the policy of the organisation", view.effective_role.as_str()));
    }
    lines.extend(rules.iter().map(|rule| format!("Rule        {}", described(rule))));
    let bound = |number: Option<u32>| number.map_or("no bound".to_owned(), |number| number.to_string());
    lines.push(format!("Writes      {} in the last hour (at most: {})", view.writes_last_hour, bound(limits.writes_per_hour)));
    lines.push(format!("            {} in the last 24 hours (at most: {})", view.writes_last_day, bound(limits.writes_per_day)));
    lines.push(format!("Runs        {} at the same time; tool calls in one: {}", bound(limits.concurrent_runs), bound(limits.tool_calls_per_run)));
    lines.push(format!("Typed       {}", limits.typed_above.as_deref().map_or("no amounts".to_owned(), |most| format!("amounts above {}", value(most)))));
    lines.push(format!("Protected   {}", value(&view.protected_fields.join(", "))));
    if !lifted_fields.is_empty() {
        lines.push(format!("Lifted      {}", value(&lifted_fields.join(", "))));
    }
    lines.push(format!("Dry run     {}: {}", view.dry_run.as_str(), value(&view.dry_run_leaks)));
    match &view.policy {
        PolicyState::Absent => lines.push(format!("Policy      none ({})", value(&view.policy_file))),
        PolicyState::InForce { says } => lines.extend(says.iter().map(|sentence| format!("Policy      {}", value(sentence)))),
        PolicyState::Unusable { why } => lines.push(format!("Policy      can't be used, so nothing may be written: {}", value(why))),
    }
    lines.push(String::new());
    lines.join("\n")
}

fn described(rule: &PermissionRule) -> String {
    let verdict = match rule.verdict {
        RuleVerdict::Allow => "allow without asking",
        RuleVerdict::Ask => "ask",
        RuleVerdict::Deny => "deny",
    };
    let parts = [
        rule.tool.as_ref().map(|tool| format!("tool={tool}")),
        rule.entity.as_ref().map(|entity| format!("entity={entity}")),
        rule.operation.map(|operation| format!("operation={}", operation.as_str())),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    let what = if parts.is_empty() { "*".to_owned() } else { parts.join(",") };
    let end = rule.expires_at.map(|end| format!(" until {}", moment(end))).unwrap_or_default();
    format!("{verdict} {}{end}", value(&what))
}
