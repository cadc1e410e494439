/** The sample company's records, for development and screenshots only. */
import type { ChangePreview, Connection, ConnectionKind, FieldChange, FieldEditor } from '../../protocol';

export function connectionOf(kind: ConnectionKind): Connection {
  const company = { name: kind === 'demo' ? 'Demo' : 'Nordby', company: 'Nordby AS', company_id: '3f2b1c60-0000-4000-8000-000000000001' };
  switch (kind) {
    case 'demo':
      return { ...company, kind, tenant: '', environment: 'Demo', account: 'demo' };
    case 'sandbox':
      return { ...company, kind, tenant: 'nordby.example', environment: 'Sandbox', account: 'ingrid@nordby.example' };
    case 'production':
      return { ...company, kind, tenant: 'nordby.example', environment: 'Production', account: 'ingrid@nordby.example' };
    case 'on_premises':
      return { ...company, kind, tenant: '', environment: 'BC240', account: 'ingrid' };
  }
}

export const OVERDUE = [
  { number: '10020', displayName: 'Fjordlys AS', city: 'Bergen', balanceDue: 48210, overdueAmount: 48210, daysLate: 31 },
  { number: '10050', displayName: 'Kystbygg Eiendom', city: 'Stavanger', balanceDue: 31975.5, overdueAmount: 22400, daysLate: 24 },
  { number: '10110', displayName: 'Bakkehagen Hotell', city: 'Ålesund', balanceDue: 27640, overdueAmount: 27640, daysLate: 19 },
  { number: '10140', displayName: 'Solvik Regnskap', city: 'Oslo', balanceDue: 12480.25, overdueAmount: 12480.25, daysLate: 17 },
  { number: '10170', displayName: 'Nordre Havn Logistikk', city: 'Tromsø', balanceDue: 9995, overdueAmount: 9995, daysLate: 12 },
  { number: '10210', displayName: 'Verkstedet på Torget', city: 'Trondheim', balanceDue: 8120, overdueAmount: 4060, daysLate: 11 },
  { number: '10230', displayName: 'Lunde & Sønner', city: 'Haugesund', balanceDue: 6350.75, overdueAmount: 6350.75, daysLate: 9 },
  { number: '10260', displayName: 'Skarven Sjømat', city: 'Bodø', balanceDue: 5890, overdueAmount: 5890, daysLate: 8 },
  { number: '10290', displayName: 'Tindra Design', city: 'Oslo', balanceDue: 4410, overdueAmount: 4410, daysLate: 6 },
  { number: '10310', displayName: 'Havblikk Kurs', city: 'Molde', balanceDue: 3275, overdueAmount: 3275, daysLate: 5 },
  { number: '10330', displayName: 'Fagertun Barnehage', city: 'Hamar', balanceDue: 2180, overdueAmount: 2180, daysLate: 3 },
  { number: '10360', displayName: 'Elvestrand Camping', city: 'Voss', balanceDue: 990, overdueAmount: 990, daysLate: 2 },
].map((row, index) => ({ id: `c0000000-0000-4000-8000-${String(index).padStart(12, '0')}`, ...row }));

function field(name: string, caption: string, kind: FieldChange['kind'], before: string | null, after: string | null, labels: [string | null, string | null] = [null, null]): FieldChange {
  return { name, caption, kind, before, after, before_label: labels[0], after_label: labels[1], editor: after === null ? null : editorOf(name), proposed: null };
}

const RELATIONS: Record<string, string> = { paymentTermsId: 'paymentTerms', customerNumber: 'customers', lineObjectNumber: 'items' };
const MEMBERS: Record<string, string[]> = { type: ['Person', 'Company'], blocked: ['_x0020_', 'Ship', 'Invoice', 'All'] };

/** Ids and figures that Business Central keeps itself have no editor. */
function editorOf(name: string): FieldEditor | null {
  const last = name.split('.').at(-1) ?? name;
  if (last === 'status' || last.startsWith('total')) return null;
  return { options: MEMBERS[last] ?? [], relation: RELATIONS[last] ?? null, max_length: last === 'displayName' ? 100 : last === 'city' ? 30 : null };
}

const DIGEST = '7c1e90ab4fd2b6a1330c5e8821f7d96a5b0c44e1928837aa6d10f3e2c9b75d48';

const TERMS_14 = '9a3b6c10-1111-4000-8000-000000000014';
const TERMS_30 = '9a3b6c10-1111-4000-8000-000000000030';

export function updateCustomer(callId: string): ChangePreview {
  return {
    change_id: `change-${callId}`,
    call_id: callId,
    operation: 'update',
    action: null,
    effect: 'write',
    entity: 'customers',
    key: OVERDUE[0]?.id ?? null,
    title: 'Change customer 10020 Fjordlys AS',
    fields: [
      field('paymentTermsId', 'Payment terms', 'reference', TERMS_14, TERMS_30, ['14 DAYS · Net 14 days', '30 DAYS · Net 30 days']),
      field('creditLimit', 'Credit limit', 'decimal', '50000.00', '75000.00'),
      field('currencyCode', 'Currency', 'code', 'NOK', 'NOK'),
    ],
    notes: [{ kind: 'warning', text: 'Balance due is 48,210.00 NOK, 31 days late.' }],
    undo: { kind: 'yes', how: 'The terms and the limit are set back to what they were.' },
    undoes: null,
    undoes_also: [],
    conflicts: [],
    method: 'PATCH',
    path: 'customers(c0000000-0000-4000-8000-000000000000)',
    if_match: 'W/"JzE5OzE3MzI0NTY3ODkwMTIzNDU2NzgxOzAwOyc="',
    body: `{"paymentTermsId":"${TERMS_30}","creditLimit":75000.00,"currencyCode":"NOK"}`,
    digest: DIGEST,
  };
}

export function createCustomer(callId: string): ChangePreview {
  return {
    ...updateCustomer(callId),
    operation: 'create',
    key: null,
    title: 'New customer Harbor Lights Ltd',
    fields: [
      field('displayName', 'Name', 'text', null, 'Harbor Lights Ltd'),
      field('type', 'Type', 'enumeration', null, 'Company'),
      field('city', 'City', 'text', null, 'Bergen'),
      field('paymentTermsId', 'Payment terms', 'reference', null, TERMS_14, [null, '14 DAYS · Net 14 days']),
    ],
    notes: [{ kind: 'info', text: 'Business Central gives the number from its series.' }],
    undo: { kind: 'yes', how: 'The customer is deleted again, as long as nothing was posted to it.' },
    method: 'POST',
    path: 'customers',
    if_match: null,
    body: `{"displayName":"Harbor Lights Ltd","type":"Company","city":"Bergen","paymentTermsId":"${TERMS_14}"}`,
    digest: DIGEST.split('').reverse().join(''),
  };
}

export function createOrder(callId: string): ChangePreview {
  const line = (index: number, item: string, label: string, quantity: string, price: string): FieldChange[] => [
    field(`salesOrderLines[${index}].lineObjectNumber`, 'Item', 'code', null, item, [null, label]),
    field(`salesOrderLines[${index}].quantity`, 'Quantity', 'decimal', null, quantity),
    field(`salesOrderLines[${index}].unitPrice`, 'Unit price', 'decimal', null, price),
  ];
  return {
    ...createCustomer(callId),
    entity: 'salesOrders',
    title: 'New sales order for 10020 Fjordlys AS',
    fields: [
      field('customerNumber', 'Customer', 'code', null, '10020', [null, 'Fjordlys AS']),
      field('orderDate', 'Order date', 'date', null, '2026-11-21'),
      ...line(0, '1896-S', 'NARVIK Desk', '2', '6494.00'),
      ...line(1, '1928-S', 'RØROS Lamp', '6', '356.00'),
      ...line(2, '1906-S', 'NARVIK Mobile Pedestal', '2', '2814.00'),
    ],
    notes: [{ kind: 'warning', text: 'This order takes the customer over the credit limit by 2,962.00 NOK.' }],
    undo: { kind: 'yes', how: 'The order is deleted again, as long as it was not shipped or invoiced.' },
    path: 'salesOrders',
    body: '{"customerNumber":"10020","orderDate":"2026-11-21","salesOrderLines":[{"lineType":"Item","lineObjectNumber":"1896-S","quantity":2,"unitPrice":6494.00}]}',
    digest: DIGEST.replaceAll('7', '2'),
  };
}

export function postInvoice(callId: string): ChangePreview {
  return {
    ...createCustomer(callId),
    operation: 'action',
    action: 'post',
    effect: 'destructive',
    entity: 'salesInvoices',
    key: 'd0000000-0000-4000-8000-000000000009',
    title: 'Post sales invoice 102011 to Fjordlys AS',
    fields: [field('status', 'Status', 'enumeration', 'Draft', 'Open'), field('totalAmountIncludingTax', 'Total incl. VAT', 'decimal', '18240.00', '18240.00')],
    notes: [{ kind: 'warning', text: 'Description of line 1 contains invisible characters.' }],
    undo: { kind: 'no', why: 'A posted invoice stays in the books; it is corrected with a credit memo.' },
    method: 'POST',
    path: 'salesInvoices(d0000000-0000-4000-8000-000000000009)/Microsoft.NAV.post',
    if_match: null,
    body: null,
    digest: DIGEST.replaceAll('1', '9'),
  };
}

/** The same change of several customers. */
export function raiseLimits(callIds: readonly string[]): ChangePreview[] {
  return callIds.map((callId, index) => {
    const customer = OVERDUE[index % OVERDUE.length];
    const limit = String(20_000 + index * 7_500);
    return {
      ...updateCustomer(callId),
      key: customer?.id ?? null,
      title: `Change customer ${customer?.number} ${customer?.displayName}`,
      fields: [
        field('paymentTermsId', 'Payment terms', 'reference', TERMS_14, TERMS_30, ['14 DAYS · Net 14 days', '30 DAYS · Net 30 days']),
        field('creditLimit', 'Credit limit', 'decimal', `${limit}.00`, `${Number(limit) * 2}.00`),
      ],
      notes: index === 1 ? [{ kind: 'warning', text: 'This customer is blocked for shipping.' }] : [],
      path: `customers(${customer?.id})`,
      body: `{"paymentTermsId":"${TERMS_30}","creditLimit":${Number(limit) * 2}.00}`,
      digest: DIGEST.slice(index) + DIGEST.slice(0, index),
    };
  });
}

/** A name written by a stranger: invisible characters, reversed text, letters of another script. */
export function hostileUpdate(callId: string): ChangePreview {
  return {
    ...updateCustomer(callId),
    title: 'Change vendor 40000 Fast\u202Etnemyap\u202C Ltd',
    fields: [
      field('displayName', 'Name', 'text', 'Fast Payment Ltd', 'Fast\u200B Payment\u2066 Ltd\u{E0041} '),
      field('bankAccount', 'Bank account', 'text', 'NO93 8601 1117 947', 'NO93 8601 1117 947\u00A00'),
    ],
    notes: [{ kind: 'warning', text: 'This sets a bank account. Check it by another way than this record.' }],
  };
}
