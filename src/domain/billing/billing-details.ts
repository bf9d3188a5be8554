/** Kinds of tax id that a customer may name, by Stripe's words (docs.stripe.com/billing/customer/tax-ids). */
export const TAX_ID_TYPES = [
  'cn_tin',
  'hk_br',
  'tw_vat',
  'ae_trn',
  'au_abn',
  'br_cnpj',
  'ca_bn',
  'ca_gst_hst',
  'ch_vat',
  'eu_vat',
  'gb_vat',
  'id_npwp',
  'il_vat',
  'in_gst',
  'jp_trn',
  'kr_brn',
  'mx_rfc',
  'my_sst',
  'no_vat',
  'nz_gst',
  'ph_tin',
  'ru_inn',
  'sa_vat',
  'sg_gst',
  'th_vat',
  'tr_tin',
  'ua_vat',
  'us_ein',
  'vn_tin',
  'za_vat',
] as const;

/** Stripe keeps no more on a customer that we would show. */
export const TAX_IDS_MAX = 5;

export interface TaxIdView {
  /** One of `TAX_ID_TYPES`, or another that was named at Stripe. */
  type: string;
  value: string;
}

export interface PostalAddress {
  /** ISO 3166-1, two capitals. */
  country: string;
  line1: string | null;
  line2: string | null;
  postalCode: string | null;
  city: string | null;
  state: string | null;
}

/** What invoices name of the customer. They are kept at Stripe alone. */
export interface BillingDetailsView {
  /** The company or person; `null` when nothing was ever paid or named. */
  name: string | null;
  address: PostalAddress | null;
  taxIds: TaxIdView[];
}
