// What a page cannot do without a script: ask the browser for a passkey, and put its answer into the page's form.
// The form says what to ask for (data-passkey: get or create; data-options) and has its sentences in hidden paragraphs.

const form = document.querySelector('form[data-passkey]');

const toBytes = (text) =>
  Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (letter) => letter.charCodeAt(0));
const toText = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');
const withBytes = (item) => ({ ...item, id: toBytes(item.id) });

function readOptions({ challenge, user, allowCredentials, excludeCredentials, ...rest }) {
  return {
    ...rest,
    challenge: toBytes(challenge),
    ...(user && { user: withBytes(user) }),
    ...(allowCredentials && { allowCredentials: allowCredentials.map(withBytes) }),
    ...(excludeCredentials && { excludeCredentials: excludeCredentials.map(withBytes) }),
  };
}

function toJson({ id, rawId, type, response }) {
  const { clientDataJSON, attestationObject, authenticatorData, signature, userHandle } = response;
  const parts = { clientDataJSON, attestationObject, authenticatorData, signature, userHandle };
  const present = Object.entries(parts).filter(([, bytes]) => bytes);
  const texts = Object.fromEntries(present.map(([name, bytes]) => [name, toText(bytes)]));
  const transports = response.getTransports?.();
  return JSON.stringify({
    id,
    rawId: toText(rawId),
    type,
    response: { ...texts, ...(transports && { transports }) },
  });
}

function problemOf({ name }) {
  if (name === 'InvalidStateError') return 'present';
  return name === 'NotAllowedError' || name === 'AbortError' ? 'cancelled' : 'failed';
}

function start() {
  const creates = form.dataset.passkey === 'create';
  const publicKey = readOptions(JSON.parse(form.dataset.options));
  const { response } = form.elements;
  let waiting;

  const show = (problem) => {
    for (const note of form.querySelectorAll('[data-problem]')) {
      note.hidden = note.dataset.problem !== problem;
    }
  };

  const send = (credential) => {
    response.value = toJson(credential);
    // What is ticked in the other form of the page holds for this one too.
    for (const copy of form.querySelectorAll('[data-copy-of]')) {
      copy.value = document.getElementById(copy.dataset.copyOf)?.checked ? 'yes' : '';
    }
    form.submit();
  };

  async function ask(event) {
    event.preventDefault();
    show();
    waiting?.abort();
    try {
      send(await navigator.credentials[creates ? 'create' : 'get']({ publicKey }));
    } catch (error) {
      show(problemOf(error));
      void autofill();
    }
  }

  // Offers passkeys where the name is typed, for as long as the page is open and nobody presses the button.
  async function autofill() {
    if (!('autofill' in form.dataset)) return;
    if (!(await PublicKeyCredential.isConditionalMediationAvailable?.())) return;
    waiting = new AbortController();
    try {
      send(await navigator.credentials.get({ publicKey, mediation: 'conditional', signal: waiting.signal }));
    } catch (error) {
      // Nobody asked for anything, so nobody is told that it was cancelled.
      if (problemOf(error) !== 'cancelled') show(problemOf(error));
    }
  }

  if (!window.PublicKeyCredential) return show('unsupported');
  form.querySelector('button').hidden = false;
  form.addEventListener('submit', (event) => void ask(event));
  void autofill();
}

if (form) start();
