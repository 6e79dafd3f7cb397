//! Calls about receivables, the funnel and the views.

use super::link::Call;
use super::{Client, ClientError, escaped};
use crate::api::funnel::{
    FunnelAnswer, FunnelQuery, ListAnswer, ListQuery, PeriodAnswer, PeriodQuery, StuckAnswer,
    StuckQuery,
};
use crate::api::receivables::{
    AgeingAnswer, AgeingQuery, ControlAnswer, DunningAnswer, ExplainAnswer, ExplainQuery,
    FiguresAnswer, FiguresQuery, ItemsAnswer, ItemsQuery, ReceivablesQuery, StatementAnswer,
    StatementQuery,
};
use crate::api::views::{CompareAnswer, DropAnswer, RebuildAnswer, RebuildQuery, ViewsAnswer};
use axum::http::Method;

impl Client {
    /// Returns the open items.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn receivables(&self, query: &ItemsQuery) -> Result<ItemsAnswer, ClientError> {
        self.get("/receivables", query).await
    }

    /// Returns what is open by age.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn ageing(&self, query: &AgeingQuery) -> Result<AgeingAnswer, ClientError> {
        self.get("/receivables/ageing", query).await
    }

    /// Returns what became of the debts.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn control(&self, query: &ReceivablesQuery) -> Result<ControlAnswer, ClientError> {
        self.get("/receivables/control", query).await
    }

    /// Returns what to remind of.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn dunning(&self, query: &ReceivablesQuery) -> Result<DunningAnswer, ClientError> {
        self.get("/receivables/dunning", query).await
    }

    /// Returns how well is collected.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn figures(&self, query: &FiguresQuery) -> Result<FiguresAnswer, ClientError> {
        self.get("/receivables/figures", query).await
    }

    /// Returns a customer's statement of account.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn statement(
        &self,
        customer: &str,
        query: &StatementQuery,
    ) -> Result<StatementAnswer, ClientError> {
        self.get(&format!("/receivables/statement/{}", escaped(customer)), query).await
    }

    /// Returns the events a customer's figure is made of.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn explain(
        &self,
        customer: &str,
        query: &ExplainQuery,
    ) -> Result<ExplainAnswer, ClientError> {
        self.get(&format!("/receivables/explain/{}", escaped(customer)), query).await
    }

    /// Returns the funnel.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn funnel(&self, query: &FunnelQuery) -> Result<FunnelAnswer, ClientError> {
        self.get("/funnel", query).await
    }

    /// Returns the opportunities that a figure of the funnel counts.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn opportunities(&self, query: &ListQuery) -> Result<ListAnswer, ClientError> {
        self.get("/funnel/opportunities", query).await
    }

    /// Returns what happened to opportunities in a period.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn funnel_period(&self, query: &PeriodQuery) -> Result<PeriodAnswer, ClientError> {
        self.get("/funnel/period", query).await
    }

    /// Returns the opportunities that stay too long in their stage.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn stuck(&self, query: &StuckQuery) -> Result<StuckAnswer, ClientError> {
        self.get("/funnel/stuck", query).await
    }

    /// Returns how the views stand.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn views(&self) -> Result<ViewsAnswer, ClientError> {
        self.get("/views", &()).await
    }

    /// Rebuilds a view, or estimates how long that takes. It may be called again: what was folded
    /// is gone on from.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn rebuild_view(
        &self,
        name: &str,
        query: &RebuildQuery,
    ) -> Result<RebuildAnswer, ClientError> {
        let query = super::query_text(query);
        let path = format!("/v1/views/{}/rebuild{query}", escaped(name));
        let call = Call { method: Method::POST, path, body: Default::default() };
        Ok(self.call(&call).await?.0)
    }

    /// Compares a view with one folded from nothing.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn compare_view(&self, name: &str) -> Result<CompareAnswer, ClientError> {
        self.get(&format!("/views/{}/compare", escaped(name)), &()).await
    }

    /// Drops a view.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn drop_view(&self, name: &str) -> Result<DropAnswer, ClientError> {
        let path = format!("/v1/views/{}", escaped(name));
        let call = Call { method: Method::DELETE, path, body: Default::default() };
        Ok(self.call(&call).await?.0)
    }
}
