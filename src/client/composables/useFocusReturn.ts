import { nextTick } from 'vue';

/** While the page goes on changing after it was left, the place that got the focus may vanish too. */
const WATCHED_MS = 5_000;

export interface FocusReturn {
  /** Puts the focus where the reader goes on, once what had it is gone. */
  giveBack(): Promise<void>;
}

/**
 * Remembers where the focus is now, for the end of a dialog or of a press whose button may vanish.
 * It goes back to where it came from; when that is gone or disabled, to what the page announces,
 * else to the heading above, never to the start of the page. For as long as the page settles, and
 * until the reader does something, a focus that is lost again is put back again.
 */
export function useFocusReturn(): FocusReturn {
  const origin = document.activeElement as HTMLElement | null;
  const section = origin?.closest<HTMLElement>('section');

  function place(): void {
    if (!isLost()) return;
    for (const target of [origin, announcement(), headingOf(section), pageHeading()]) {
      if (target && take(target)) return;
    }
  }

  return {
    async giveBack() {
      await nextTick();
      place();
      const observer = new MutationObserver(place);
      const stop = () => {
        observer.disconnect();
        clearTimeout(timer);
        for (const event of ['keydown', 'pointerdown']) removeEventListener(event, stop, true);
      };
      const timer = setTimeout(stop, WATCHED_MS);
      for (const event of ['keydown', 'pointerdown']) addEventListener(event, stop, true);
      observer.observe(document.body, { childList: true, subtree: true, attributes: true });
    },
  };
}

function isLost(): boolean {
  const { activeElement } = document;
  if (document.querySelector('[role=dialog][aria-modal=true]:not([hidden])')?.checkVisibility()) {
    return false;
  }
  return (
    activeElement === null || activeElement === document.body || activeElement.matches(':disabled')
  );
}

/** True when the focus went there. */
function take(target: HTMLElement): boolean {
  if (!target.isConnected || target === document.body || target.matches(':disabled')) return false;
  if (target.matches('h1, h2, p')) target.setAttribute('tabindex', '-1');
  target.focus({ preventScroll: target.matches('h1, h2') });
  return document.activeElement === target;
}

const announcement = () => document.querySelector<HTMLElement>('main [data-announcement]');
const headingOf = (section: HTMLElement | null | undefined) =>
  section?.isConnected ? section.querySelector<HTMLElement>('h2') : null;
const pageHeading = () => document.querySelector<HTMLElement>('main h1');
