//! The kinds of documents and how their fields are called: sales and purchases are the same thing in two spellings.

/// Who the document is with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Sales,
    Purchase,
}

/// What the document is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    Quote,
    Order,
    Invoice,
    CreditMemo,
}

/// One kind of document.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Form {
    pub set: &'static str,
    pub lines: &'static str,
    pub side: Side,
    pub stage: Stage,
    /// The property with the document's date, from which the due date counts.
    pub date: &'static str,
    /// The lines' price property.
    pub price: &'static str,
    /// Number series of drafts.
    pub series: &'static str,
    /// Number series of the posted document.
    pub posted: &'static str,
}

static FORMS: [Form; 7] = [
    Form {
        set: "salesQuotes",
        lines: "salesQuoteLines",
        side: Side::Sales,
        stage: Stage::Quote,
        date: "documentDate",
        price: "unitPrice",
        series: "S-QUO",
        posted: "",
    },
    Form {
        set: "salesOrders",
        lines: "salesOrderLines",
        side: Side::Sales,
        stage: Stage::Order,
        date: "orderDate",
        price: "unitPrice",
        series: "S-ORD",
        posted: "",
    },
    Form {
        set: "salesInvoices",
        lines: "salesInvoiceLines",
        side: Side::Sales,
        stage: Stage::Invoice,
        date: "invoiceDate",
        price: "unitPrice",
        series: "S-INV",
        posted: "S-INV+",
    },
    Form {
        set: "salesCreditMemos",
        lines: "salesCreditMemoLines",
        side: Side::Sales,
        stage: Stage::CreditMemo,
        date: "creditMemoDate",
        price: "unitPrice",
        series: "S-CR",
        posted: "S-CR+",
    },
    Form {
        set: "purchaseOrders",
        lines: "purchaseOrderLines",
        side: Side::Purchase,
        stage: Stage::Order,
        date: "orderDate",
        price: "directUnitCost",
        series: "P-ORD",
        posted: "",
    },
    Form {
        set: "purchaseInvoices",
        lines: "purchaseInvoiceLines",
        side: Side::Purchase,
        stage: Stage::Invoice,
        date: "invoiceDate",
        price: "unitCost",
        series: "P-INV",
        posted: "P-INV+",
    },
    Form {
        set: "purchaseCreditMemos",
        lines: "purchaseCreditMemoLines",
        side: Side::Purchase,
        stage: Stage::CreditMemo,
        date: "creditMemoDate",
        price: "unitCost",
        series: "P-CR",
        posted: "P-CR+",
    },
];

pub(crate) static SALES_QUOTE: &Form = &FORMS[0];
pub(crate) static SALES_ORDER: &Form = &FORMS[1];
pub(crate) static SALES_INVOICE: &Form = &FORMS[2];
pub(crate) static SALES_CREDIT_MEMO: &Form = &FORMS[3];
pub(crate) static PURCHASE_ORDER: &Form = &FORMS[4];
pub(crate) static PURCHASE_INVOICE: &Form = &FORMS[5];
pub(crate) static PURCHASE_CREDIT_MEMO: &Form = &FORMS[6];

/// The form of a document set.
pub(crate) fn form(set: &str) -> Option<&'static Form> {
    FORMS.iter().find(|form| form.set == set)
}

/// The form whose lines are in this set.
pub(crate) fn form_of_lines(lines: &str) -> Option<&'static Form> {
    FORMS.iter().find(|form| form.lines == lines)
}

impl Form {
    /// The name in messages.
    pub(crate) fn noun(&self) -> &'static str {
        match (self.side, self.stage) {
            (Side::Sales, Stage::Quote) => "sales quote",
            (Side::Sales, Stage::Order) => "sales order",
            (Side::Sales, Stage::Invoice) => "sales invoice",
            (Side::Sales, Stage::CreditMemo) => "sales credit memo",
            (Side::Purchase, Stage::Quote) => "purchase quote",
            (Side::Purchase, Stage::Order) => "purchase order",
            (Side::Purchase, Stage::Invoice) => "purchase invoice",
            (Side::Purchase, Stage::CreditMemo) => "purchase credit memo",
        }
    }

    /// The record of what an order has moved: its set, its lines' set, its number series.
    pub(crate) fn record(&self) -> (&'static str, &'static str, &'static str) {
        match self.side {
            Side::Sales => ("salesShipments", "salesShipmentLines", "S-SHPT"),
            Side::Purchase => ("purchaseReceipts", "purchaseReceiptLines", "P-RCPT"),
        }
    }

    /// What is sent (or received), what is still to be, and what is to be invoiced now: an order's quantities.
    pub(crate) fn moved(&self) -> (&'static str, &'static str) {
        match self.side {
            Side::Sales => ("shippedQuantity", "shipQuantity"),
            Side::Purchase => ("receivedQuantity", "receiveQuantity"),
        }
    }
}

/// How a side calls its partner and the partner's fields.
pub(crate) struct Partner {
    pub set: &'static str,
    pub noun: &'static str,
    pub id: &'static str,
    pub number: &'static str,
    pub name: &'static str,
    /// Prefix of the partner's own address.
    pub own: &'static str,
    /// Prefix of the paying (or paid) partner's address.
    pub pay: &'static str,
    pub pay_id: &'static str,
    pub pay_number: &'static str,
    pub pay_name: &'static str,
    /// The balance that open entries add up to.
    pub balance: &'static str,
}

impl Side {
    pub(crate) fn partner(self) -> &'static Partner {
        match self {
            Side::Sales => &Partner {
                set: "customers",
                noun: "customer",
                id: "customerId",
                number: "customerNumber",
                name: "customerName",
                own: "sellTo",
                pay: "billTo",
                pay_id: "billToCustomerId",
                pay_number: "billToCustomerNumber",
                pay_name: "billToName",
                balance: "balanceDue",
            },
            Side::Purchase => &Partner {
                set: "vendors",
                noun: "vendor",
                id: "vendorId",
                number: "vendorNumber",
                name: "vendorName",
                own: "buyFrom",
                pay: "payTo",
                pay_id: "payToVendorId",
                pay_number: "payToVendorNumber",
                pay_name: "payToName",
                balance: "balance",
            },
        }
    }
}
