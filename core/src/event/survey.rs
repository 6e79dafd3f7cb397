//! Surveys: E60.

use super::interaction::Correspondence;
use super::{EventBody, Section, SectionVisitor, Subject};
use crate::id::{ContactId, InvitationId, Label, SurveyName};

crate::choice! {
    /// Why the survey was sent.
    pub enum Occasion {
        /// The yearly survey.
        Yearly = "yearly" "年度",
        /// After a complaint or request.
        AfterComplaint = "after_complaint" "投诉后",
        /// After a delivery.
        AfterDelivery = "after_delivery" "交付后",
        /// Otherwise.
        Other = "other" "其他",
    }
}

crate::record! {
    /// One answer.
    pub struct Answer {
        /// The indicator.
        pub indicator: Label,
        /// What was expected.
        pub expectation: Option<u8>,
        /// What was perceived.
        pub perception: u8,
        /// Its weight.
        #[serde(default)]
        pub weight: u16,
    }
}

crate::record! {
    /// E60: a survey was answered.
    pub struct SurveyAnswered {
        /// The invitation; one answer each.
        #[serde(default)]
        pub invitation: InvitationId,
        /// The survey.
        pub survey: SurveyName,
        /// The indicator policy version; 0 in a request means the newest.
        #[serde(default)]
        pub indicators_version: u32,
        /// Who answered.
        pub respondent: Option<ContactId>,
        /// Why it was sent.
        pub occasion: Occasion,
        /// The answers.
        pub answers: Vec<Answer>,
        /// What was added in words.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub correspondence: Option<Section<Correspondence>>,
    }
}

impl EventBody for SurveyAnswered {
    fn sections<E>(&mut self, visit: &mut SectionVisitor<'_, E>) -> Result<(), E> {
        match &mut self.correspondence {
            Some(section) => visit(Subject::Customer, section),
            None => Ok(()),
        }
    }
}
