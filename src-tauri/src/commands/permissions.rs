//! What was decided beforehand: permissions of connections, agreements with model providers.

use bca_protocol::{AgreementView, Permissions, PermissionsView};

use crate::gate::commands;

commands! {
    async fn list_permissions(ask, { connection: Option<String> }) -> PermissionsView {
        ask.app().await?.permissions(connection.as_deref()).await?
    }

    async fn set_permissions(ask, { connection: Option<String>, permissions: Permissions }) -> PermissionsView {
        ask.app().await?.set_permissions(connection.as_deref(), permissions).await?
    }

    async fn list_agreements(ask) -> Vec<AgreementView> {
        ask.app().await?.agreements().await?
    }

    async fn agree(ask, { provider: Option<String> }) -> Vec<AgreementView> {
        ask.app().await?.agree(provider.as_deref()).await?
    }

    async fn withdraw(ask, { provider: Option<String> }) -> Vec<AgreementView> {
        ask.app().await?.withdraw(provider.as_deref()).await?
    }
}
