#!/usr/bin/env python3
"""What probe_queue.sh has to look at, as NAME=VALUE lines for its shell.

	probe_queue_check.py STORE LOG KILLS ADDRESS=KIND...

KILLS has the time of each kill, a line each.
"""
import collections
import json
import sqlite3
import sys

WANTED = dict(closed='closed', open='open', percent='open', hole='accepts')

store, log, kills_file, *arguments = sys.argv[1:]
kinds = dict(a.split('=') for a in arguments)
kills = [float(line) for line in open(kills_file)]
answers, delivered = collections.defaultdict(collections.Counter), set()
for event in map(json.loads, open(log)):
	if event['what'] == 'delivered':
		delivered.add(event['host'])
	else:
		answers[event['host']][event['form']] += 1

probes = collections.defaultdict(list)
rows = sqlite3.connect('file:%s?mode=ro' % store, uri=True).execute(
	"SELECT host, verdict, finished_s FROM probe ORDER BY id")
for host, verdict, finished_s in rows:
	probes[host].append(verdict if finished_s else None)

# Closed hosts were asked everything: they tell how much that is.
forms = max(len(answers[h]) for h, kind in kinds.items() if kind == 'closed')
wrong = ['%s(%s):%s' % (host, kind, probes[host]) for host, kind in kinds.items()
	if probes[host] != [WANTED[kind]]]
again = sum(n - 1 for host in kinds for n in answers[host].values())
print('wrong="%s"' % ' '.join(wrong))
print('unfinished=%d' % sum(None in p or not p for p in probes.values()))
print('forms=%d' % forms)
print('incomplete="%s"' % ' '.join('%s:%d' % (h, len(answers[h])) for h, kind in kinds.items()
	if kind == 'closed' and len(answers[h]) != forms))
print('again=%d' % again)
print('most_of_one_form=%d' % max(n for host in kinds for n in answers[host].values()))
print('most_of_one_host=%d' % max(sum(answers[h].values()) - len(answers[h]) for h in kinds))
print('delivered=%d' % len(delivered))
print('lost="%s"' % ' '.join(h for h in sorted(delivered) if probes[h] != ['open']))
print('kills=%d' % len(kills))
