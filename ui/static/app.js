// The page: a list of jobs and the history of one, read from the API every two seconds.
'use strict';

const jobsBody = document.getElementById('jobs');
const status = document.getElementById('status');
const filter = document.getElementById('filter');
const more = document.getElementById('more');
const detail = document.getElementById('detail');
const historyBody = document.getElementById('history');
const LIMIT = 200;
let selected = decodeURIComponent(location.hash.slice(1));

// element makes a node; children may be texts, which are never read as HTML.
function element(tag, attributes, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (name.startsWith('on')) node.addEventListener(name.slice(2), value);
    else if (value !== undefined && value !== null) node.setAttribute(name, value);
  }
  node.append(...children.filter(child => child !== undefined && child !== null));
  return node;
}

async function call(path, options) {
  const answer = await fetch(path, options);
  if (!answer.ok) {
    let text = answer.statusText;
    try { const body = await answer.json(); text = body.detail || body.message || body.title || text; } catch { /* no JSON */ }
    throw new Error(text);
  }
  return answer.status === 204 ? null : answer.json();
}

function clock(text) {
  if (!text) return '';
  const at = new Date(text);
  const today = at.toDateString() === new Date().toDateString();
  return today ? at.toLocaleTimeString() : at.toLocaleString();
}

function relative(text) {
  const seconds = Math.round((new Date(text) - Date.now()) / 1000);
  const size = Math.abs(seconds);
  const words = size < 90 ? size + ' s' : size < 5400 ? Math.round(size / 60) + ' min' : size < 129600 ? Math.round(size / 3600) + ' h' : Math.round(size / 86400) + ' d';
  return seconds > 0 ? 'in ' + words : 'due';
}

function took(entry) {
  const last = entry.attempts && entry.attempts[entry.attempts.length - 1];
  if (!last || !last.running) return '';
  return ((new Date(last.ended) - new Date(last.running)) / 1000).toFixed(1) + ' s';
}

const tone = { succeeded: 'good', failed: 'bad', killed: 'warn', cancelled: 'warn', skipped: 'warn', missed: 'bad' };

function row(job) {
  const when = job.schedule || job.trigger || (job.parents || []).join(' && ');
  const act = (label, method, path) => element('button', {
    class: 'act', onclick: async event => {
      event.stopPropagation();
      try { await call(path, { method, headers: { 'Content-Type': 'application/json' } }); await refresh(); } catch (err) { say(err.message, true); }
    },
  }, label);
  const name = encodeURIComponent(job.name);
  return element('tr', { 'aria-selected': String(job.name === selected), onclick: () => choose(job.name) },
    element('td', {}, element('button', { class: 'name', onclick: event => { event.stopPropagation(); choose(job.name); } }, job.name)),
    element('td', { class: 'dim' }, when),
    element('td', { class: 'state-' + job.state.replace(/^\d+ /, ''), title: job.reason }, job.state),
    element('td', {}, element('span', { class: 'bars', role: 'img', 'aria-label': (job.recent || []).join(', ') || 'no runs' },
      ...(job.recent || []).map(outcome => element('i', { class: outcome, title: outcome })))),
    element('td', { title: job.next }, job.next ? relative(job.next) : ''),
    element('td', {}, act('Run', 'PUT', 'scheduler/job/' + name), ' ', act('Kill', 'DELETE', 'scheduler/task/kill/' + name)));
}

function say(text, bad) {
  status.textContent = text;
  status.className = bad ? 'bad' : '';
}

function choose(name) {
  selected = name === selected ? '' : name;
  history.replaceState(null, '', selected ? '#' + encodeURIComponent(selected) : location.pathname);
  refresh();
}

async function refresh() {
  try {
    const wanted = filter.value.trim().toLowerCase();
    const [state, page] = await Promise.all([call('api/status'), call('api/jobs?limit=' + LIMIT + (wanted ? '&q=' + encodeURIComponent(wanted) : ''))]);
    jobsBody.replaceChildren(...page.jobs.map(row));
    more.textContent = page.total > page.jobs.length ? page.jobs.length + ' of ' + page.total + ' jobs; the filter finds the others' : '';
    const mesos = state.subscribed ? 'Mesos connected' : 'waiting for Mesos';
    if (state.leading) say(state.jobs + ' jobs · term ' + state.term + ' · ' + mesos, !state.subscribed);
    else say(state.leader ? 'follower of ' + state.leader : 'no leader', true);
    await showDetail();
  } catch (err) {
    say('hora does not answer: ' + err.message, true);
  }
}

async function showDetail() {
  detail.hidden = !selected;
  if (!selected) return;
  document.getElementById('detail-name').textContent = selected;
  try {
    const entries = await call('api/jobs/' + encodeURIComponent(selected) + '/history?limit=20');
    historyBody.replaceChildren(...entries.map(entry => element('tr', {},
      element('td', {}, clock(entry.slot)),
      element('td', { class: 'dim' }, entry.kind + (entry.count > 1 ? ' × ' + entry.count : '')),
      element('td', { class: tone[entry.outcome] || '' }, entry.outcome),
      element('td', {}, String((entry.attempts || []).length)),
      element('td', {}, took(entry)),
      element('td', { class: 'text dim' }, entry.reason || ''))));
  } catch (err) {
    historyBody.replaceChildren(element('tr', {}, element('td', { colspan: 6 }, err.message)));
  }
}

filter.addEventListener('input', refresh);
refresh();
setInterval(() => { if (!document.hidden) refresh(); }, 2000);
