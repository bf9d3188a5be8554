export default {
  feature: {
    title: 'This comes with {plan}',
    text: '“{feature}” is not part of your plan.',
    apiCalls: 'API keys are not part of your plan.',
  },
  quota: {
    title: 'Out of {resource} for this month',
    text: 'You have used {used} of {limit}. It resets on {date}.',
    resources: {
      llm_tokens: 'tokens',
      messages: 'messages',
      images: 'images',
      api_calls: 'API calls',
    },
    kept: 'Your message is kept. You can send it once you have quota or credits.',
  },
  none: {
    title: 'No {resource} in your plan',
    text: 'Your plan does not include {resource}.',
    byCredits: 'Your plan has no quota of {resource}: they are paid with credits.',
  },
  choose: 'Upgrade to {plan}',
  price: '{amount} a month',
  priceYear: '{amount} a year',
  top: 'You are on the largest plan.',
  ask: 'Only owners and admins can change the plan. Ask one of {tenant}.',
  allPlans: 'Compare all plans',
};
