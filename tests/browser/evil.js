// What a page from elsewhere tries at `base`, with a `token` that it cannot know: each gives what it could read, or how it failed.
(base, header, token) => {
  const text = answer => answer.text();
  const stolen = {method: 'POST', headers: {'content-type': 'application/json', [header]: token}, body: '{}'};
  const simple = {method: 'POST', mode: 'no-cors', headers: {'content-type': 'text/plain'}, body: '{"all": true}'};
  const attempts = {
    setup: () => fetch(base + '/status/setup.json').then(text),
    status: () => fetch(base + '/status.json').then(text),
    stolen: () => fetch(base + '/breaker?target=up:m&state=open', stolen).then(text),
    forget: () => fetch(base + '/cache/invalidate', simple).then(text),
    drain: () => fetch(base + '/drain', simple).then(text),
    script: () => new Promise(done => {
      const element = document.createElement('script');
      element.onload = () => done('loaded');
      element.onerror = () => done('refused');
      element.src = base + '/status/setup.json';
      document.body.append(element);
    }),
    events: () => new Promise(done => {
      const events = new EventSource(base + '/status/events?after=0');
      events.onerror = () => { events.close(); done('refused'); };
      for (const kind of ['call', 'status']) events.addEventListener(kind, () => done('read'));
    }),
    frame: () => new Promise(done => {
      const element = document.createElement('iframe');
      element.onload = () => done(element.contentDocument ? 'read' : 'closed to us');
      element.src = base + '/status';
      document.body.append(element);
    }),
    form: () => new Promise(done => {
      const sink = document.createElement('iframe'), element = document.createElement('form');
      sink.name = 'sink';
      Object.assign(element, {method: 'post', action: base + '/drain', target: 'sink'});
      document.body.append(sink, element);
      sink.onload = () => done('sent');
      element.submit();
    }),
  };
  const tried = async attempt => { try { return await attempt(); } catch (error) { return error.name; } };
  return Promise.all(Object.entries(attempts).map(async ([name, attempt]) => [name, await tried(attempt)])).then(Object.fromEntries);
}
