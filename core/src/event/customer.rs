//! Customers and their contacts: E07, E08, E14.

use super::merge::DuplicateCheck;
use super::{Class, EventBody, Personal, Section, SectionVisitor, Subject};
use crate::id::{ActorId, ContactId, CustomerCode, Label, Line, Note};
use crate::money::Currency;
use crate::time::Date;

crate::choice! {
    /// What a customer is to us.
    pub enum CustomerKind {
        /// A natural person.
        Person = "person" "个人",
        /// A company.
        Company = "company" "公司",
        /// A middleman.
        Middleman = "middleman" "中间商",
        /// A manufacturer.
        Manufacturer = "manufacturer" "制造商",
        /// A partner.
        Partner = "partner" "合作伙伴",
    }
}

crate::choice! {
    /// How a customer came to us.
    pub enum CustomerSource {
        /// Through a campaign.
        Campaign = "campaign" "市场活动",
        /// Recommended by another customer.
        Referral = "referral" "老客户介绍",
        /// By phone.
        Phone = "phone" "来电",
        /// By a visit.
        Visit = "visit" "来访",
        /// Over the web.
        Web = "web" "网络",
        /// Through an import.
        Import = "import" "导入",
        /// Otherwise.
        Other = "other" "其他",
    }
}

crate::choice! {
    /// A detail of the customer file. Its class decides whether and how it is sealed.
    pub enum CustomerField {
        /// Name (identity).
        Name = "name" "名称",
        /// Short name (identity).
        ShortName = "short_name" "简称",
        /// Address (identity).
        Address = "address" "地址",
        /// Postal code (identity).
        PostalCode = "postal_code" "邮政编码",
        /// Telephone (identity).
        Phone = "phone" "电话",
        /// E-mail (identity).
        Email = "email" "电子邮箱",
        /// Tax number (identity).
        TaxNumber = "tax_number" "税号",
        /// Place goods are delivered to (identity).
        DeliveryPlace = "delivery_place" "交货地",
        /// Place invoices are sent to (identity).
        InvoicePlace = "invoice_place" "发票寄往地",
        /// Legal representative (identity).
        LegalRepresentative = "legal_representative" "法人代表",
        /// Bank account (financial).
        BankAccount = "bank_account" "银行帐号",
        /// Preferences (private).
        Preferences = "preferences" "喜好",
        /// Country (public).
        Country = "country" "国家",
        /// Province (public).
        Province = "province" "省份",
        /// City (public).
        City = "city" "城市",
        /// Industry (public).
        Industry = "industry" "行业",
        /// Number of staff (public).
        StaffSize = "staff_size" "员工规模",
        /// Yearly revenue (public).
        Revenue = "revenue" "年营业额",
        /// Year of foundation (public).
        YearEstablished = "year_established" "成立年份",
        /// Parent company, as text (public).
        ParentCompany = "parent_company" "上级公司",
        /// Relation class (public).
        Relation = "relation" "关系类别",
        /// Web site (public).
        Website = "website" "网站",
        /// Billing preference such as paper or electronic (public).
        BillingPreference = "billing_preference" "账单方式",
        /// Demand and potential (public).
        Potential = "potential" "需求潜力",
    }
}

impl CustomerField {
    /// Returns the class under which the field is sealed, or nothing when it is public.
    pub const fn class(self) -> Option<Class> {
        use CustomerField as F;
        match self {
            F::Name
            | F::ShortName
            | F::Address
            | F::PostalCode
            | F::Phone
            | F::Email
            | F::TaxNumber
            | F::DeliveryPlace
            | F::InvoicePlace
            | F::LegalRepresentative => Some(Class::Identity),
            F::BankAccount => Some(Class::Financial),
            F::Preferences => Some(Class::Private),
            F::Country
            | F::Province
            | F::City
            | F::Industry
            | F::StaffSize
            | F::Revenue
            | F::YearEstablished
            | F::ParentCompany
            | F::Relation
            | F::Website
            | F::BillingPreference
            | F::Potential => None,
        }
    }
}

crate::record! {
    /// One detail from an old value to a new one; nothing means absent.
    pub struct FieldChange {
        /// The detail.
        pub field: CustomerField,
        /// The value before.
        pub old: Option<Note>,
        /// The value from now on.
        pub new: Option<Note>,
    }
}

crate::record! {
    /// A sealed detail's change as keyed marks, so that old values can be compared unopened.
    pub struct MarkChange {
        /// The detail.
        pub field: CustomerField,
        /// Mark of the value before.
        pub old: Option<[u8; 16]>,
        /// Mark of the value from now on.
        pub new: Option<[u8; 16]>,
    }
}

crate::record! {
    /// Sealed changes of identity.
    pub struct IdentityChanges {
        /// The changes.
        pub changes: Vec<FieldChange>,
    }
}

crate::record! {
    /// Sealed changes of bank accounts.
    pub struct FinancialChanges {
        /// The changes.
        pub changes: Vec<FieldChange>,
    }
}

crate::record! {
    /// Sealed changes of private details.
    pub struct PrivateChanges {
        /// The changes.
        pub changes: Vec<FieldChange>,
    }
}

impl Personal for IdentityChanges {
    const CLASS: Class = Class::Identity;
}
impl Personal for FinancialChanges {
    const CLASS: Class = Class::Financial;
}
impl Personal for PrivateChanges {
    const CLASS: Class = Class::Private;
}

crate::record! {
    /// Details that changed together, public and sealed (shared by E07 and E08).
    pub struct DetailChanges {
        /// Public details.
        pub public: Vec<FieldChange>,
        /// Marks of every sealed detail.
        pub marks: Vec<MarkChange>,
        /// Who the customer is.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub identity: Option<Section<IdentityChanges>>,
        /// Bank accounts.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub financial: Option<Section<FinancialChanges>>,
        /// Preferences.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub private: Option<Section<PrivateChanges>>,
    }
}

impl DetailChanges {
    fn sections<E>(&mut self, visit: &mut SectionVisitor<'_, E>) -> Result<(), E> {
        if let Some(section) = &mut self.identity {
            visit(Subject::Customer, section)?;
        }
        if let Some(section) = &mut self.financial {
            visit(Subject::Customer, section)?;
        }
        if let Some(section) = &mut self.private {
            visit(Subject::Customer, section)?;
        }
        Ok(())
    }
}

crate::record! {
    /// E07: a customer is on file. The stream's name is the customer's code.
    pub struct CustomerRegistered {
        /// What the customer is to us.
        pub kind: CustomerKind,
        /// How the customer came to us.
        pub source: CustomerSource,
        /// Who recommended us.
        pub referrer: Option<CustomerCode>,
        /// The campaign, list or system it came from.
        pub provenance: Option<Line>,
        /// The currency usually used.
        pub currency: Option<Currency>,
        /// Who looks after the customer.
        pub owner: Option<ActorId>,
        /// Day of the first contact.
        pub first_contact_on: Option<Date>,
        /// Who checked the details.
        pub verified_by: Option<ActorId>,
        /// What a look for duplicates found before (rule I-13).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub duplicates: Option<DuplicateCheck>,
        /// The details, all from nothing to their first value.
        pub details: DetailChanges,
    }
}

crate::record! {
    /// E08: details of the customer file changed; all of one save in one event.
    pub struct CustomerDetailsChanged {
        /// Where the new values come from.
        pub provenance: Option<Line>,
        /// The changes.
        pub details: DetailChanges,
    }
}

crate::record! {
    /// Sealed: who a contact is.
    pub struct ContactIdentity {
        /// The contact's name.
        pub name: Line,
        /// Phone numbers in E.164 form.
        #[serde(default)]
        pub phones: Vec<Line>,
        /// E-mail addresses.
        #[serde(default)]
        pub emails: Vec<Line>,
    }
}

crate::record! {
    /// Sealed: what is known of a contact as a person.
    pub struct ContactPrivate {
        /// Birthday.
        pub birthday: Option<Date>,
        /// Interests, family, education and the like.
        pub notes: Option<Note>,
    }
}

impl Personal for ContactIdentity {
    const CLASS: Class = Class::Identity;
}
impl Personal for ContactPrivate {
    const CLASS: Class = Class::Private;
}

crate::record! {
    /// E14: a contact was added.
    pub struct ContactAdded {
        /// The contact's id; left out, the next one is assigned.
        #[serde(default)]
        pub contact: ContactId,
        /// Function, such as purchasing.
        pub role: Option<Label>,
        /// Whether this is the customer's one main contact (rule I-22).
        #[serde(default)]
        pub main: bool,
        /// Whether marketing messages may be sent.
        #[serde(default)]
        pub consent: bool,
        /// Who it is.
        pub identity: Section<ContactIdentity>,
        /// What is known of the person.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub private: Option<Section<ContactPrivate>>,
    }
}

impl EventBody for CustomerRegistered {
    fn sections<E>(&mut self, visit: &mut SectionVisitor<'_, E>) -> Result<(), E> {
        self.details.sections(visit)
    }
}

impl EventBody for CustomerDetailsChanged {
    fn sections<E>(&mut self, visit: &mut SectionVisitor<'_, E>) -> Result<(), E> {
        self.details.sections(visit)
    }
}

impl EventBody for ContactAdded {
    fn sections<E>(&mut self, visit: &mut SectionVisitor<'_, E>) -> Result<(), E> {
        let subject = Subject::Contact(self.contact.clone());
        visit(subject.clone(), &mut self.identity)?;
        match &mut self.private {
            Some(section) => visit(subject, section),
            None => Ok(()),
        }
    }
}
