export default {
  title: 'Overage',
  state: {
    not_sold:
      'When quota and credits are used up, use ends here: your plan sells no overage. Paid plans do.',
    off: 'When quota and credits are used up, use ends here. Switch overage on to go on, up to a cap that you set: {price} a credit, billed afterwards.',
    on: 'When quota and credits are used up, use goes on up to your cap: {price} a credit, billed afterwards.',
    reached:
      'Your cap for this month is reached. Raise it, or buy credits, to go on before the month ends.',
    price_rose:
      'Overage costs {price} a credit with your present plan, which is more than you agreed to. It is off until you agree again.',
    ruled_out:
      'Your team’s spending rule left nothing for overage and switched it off. When the rule leaves something again, overage can be switched on: {price} a credit.',
    unpaid:
      'No more than {most} of overage may be unpaid at once, and so much is. It resumes when that is paid; quota and credits still work.',
    suspended:
      'A bill for overage is unpaid. Your quota and credits still work; overage resumes when it is paid.',
    uncollected:
      'A bill for overage could not be collected, so overage is off. Pay it, then switch overage on again.',
    trialing: 'Overage can be switched on after your trial, when your plan is paid.',
    past_due: 'Overage is paused until the open invoice of your subscription is paid.',
  },
  refused: {
    cap: {
      text: 'Overage has reached its cap: {used} of {cap} used this month.',
      act: 'Raise the cap',
      ask: 'Only owners and admins can raise it. Ask one of “{tenant}”.',
    },
    price: {
      text: 'With your present plan overage costs more than was agreed to. It is off until you agree to the new price.',
      act: 'See the price',
      ask: 'Only owners and admins can agree to it. Ask one of “{tenant}”.',
    },
    rule: {
      text: 'Your team’s spending rule left nothing for overage and switched it off.',
      act: 'See the rule',
      ask: 'Only owners set the rule. Ask one of “{tenant}”.',
    },
    unpaid: {
      text: 'Overage is paused until the open statement is paid. Quota and credits still work.',
      act: 'Pay the open statement',
      ask: 'Only owners and admins can pay it. Ask one of “{tenant}”.',
    },
    past_due: {
      text: 'Overage is paused until the open invoice of your subscription is paid.',
      act: 'See invoices',
      ask: 'Only owners and admins can pay it. Ask one of “{tenant}”.',
    },
  },
  used: 'Used this month',
  usedOf: '{used} of {cap}',
  unpaid: 'Not paid yet',
  unpaidOf: '{unpaid} of at most {most} at once',
  toInvoices: 'See invoices',
  ask: 'Only owners and admins can change this. Ask who manages “{tenant}”.',
  switchOn: 'Switch overage on',
  switchOff: 'Switch overage off',
  change: 'Change the cap',
  agreed: 'Overage is on and applies from now on.',
  ended: 'Overage is off. What was used before is billed as agreed.',
  form: {
    lead: 'The cap is a promise: whatever happens, no more than that is used and billed in a month.',
    cap: 'Monthly cap ({currency})',
    capHint: 'Before tax, where tax is added. You can change it at any time.',
    ruleHint:
      'Your spending rule leaves {max} of the month for it: overage counts with its whole cap.',
    ruleNone:
      'Your spending rule leaves nothing of the month for overage, which counts with its whole cap.',
    alerts: 'E-mail me when this much of it is used',
    consent:
      'I agree: when quota and credits are used up, use costs {price} a credit, up to {cap} a month, billed afterwards.',
    noCap: 'the cap above',
    needsCap: 'Type the cap as an amount above 0, up to 100,000.',
    needsConsent: 'Tick that you agree to the price.',
    submit: 'Agree and save',
  },
};
