// Package zookeeper keeps records in ZooKeeper, version 3.4 or later, and elects
// the leader there. It is the store of `hora serve`.
//
// # Layout
//
// All znodes are below one path:
//
//	store              who it is: format, a random identity, when it was made
//	term               the latest term: number, address of the leader, its candidate
//	election/c-…       a candidate: ephemeral, sequential, its address
//	journal/…          commits, numbered, each as it was made
//	pages              up to which entry the journal is in the pages
//	pages/00 … ff/p…   records in the order of their keys, about 16 KiB a page
//
// A commit is one znode, whatever it writes, so that a packet of 1 MiB holds it.
// When the journal is long (4,096 commits, or half as long as the pages, at
// least 4 and at most 48 MiB) it is folded into the pages in the background.
// Pages divide the keys among themselves: each is named by the key at which it
// begins, and spread by a hash over 256 directories, so that no list of
// children grows long. A page is split when it has twice its size and deleted
// when it is empty. What the journal says of a key counts more than what a page
// says, and it is shortened last, so that folding may stop anywhere. A large
// store is read in some thousand requests, 32 at a time.
//
// Who reads without leading can't keep others from folding. Each change of which
// pages or entries there are also sets the node pages; a reader compares its
// version before and after, and reads again what may have moved.
//
// # Why a deposed leader can never write after the new one has loaded
//
// The first candidate in line leads. Each packet that writes, to the journal or
// to pages, is a multi, done as a whole or not at all, and begins with two
// checks: that the candidate's own node is there, and that the node term has the
// version which this leader gave it when its term began. ZooKeeper does all
// writes in one order. In this order the node of the old leader is gone before
// another candidate is first; that one then sets term, which is allowed only
// if nobody else has since it was read; and reads only after that. So whatever
// the old leader has under way comes before, and is seen, or fails on both
// checks. It does not matter what the old leader believes, how long it slept,
// or how late its packets arrive: no clock is part of this argument.
//
// Clocks are for stopping early. A leader trusts its session for two thirds of
// the time-out after it had sent the last request that was answered, by its own
// monotonic clock; after that Lost is closed, while ZooKeeper lets nobody else
// in before the whole of it has passed. What is answered to a process that was
// asleep does not count: the clock is looked at first.
//
// # What can go wrong
//
// A term has a session of its own, which ends with it, and is never taken up
// again. When the connection is lost while a commit is under way nobody knows
// whether it was done: Commit says so, the term is over, and the next one reads
// again. While nothing is under way a lost connection does no harm to a leader
// if it comes back in time. One who waits stands again, on a new connection, as
// watches are not taken up on another one. What is left of a candidate that
// ZooKeeper could not be told to be given up is deleted by the next one of the
// same handle, so that nobody waits for its expiry.
//
// A store that was wiped is noticed by who has seen it before: each handle keeps
// the identity and the number of the last term, and refuses with [ErrForgotten]
// to campaign in a store that has another identity, none, or lower numbers. A
// process that starts anew notices it if it is told the identity (see
// [Options]); else it takes an empty path for a new store. A path that holds
// anything but a whole store is never written to: it is a *store.CorruptError
// that names the znode, as is every znode that can't be read. Pages and journal
// entries have checksums, and a gap in the journal or a missing page is noticed.
// That the last entries of the journal were deleted by hand is not.
//
// # Access
//
// With credentials (digest) every znode gives all rights to them and none to
// others; nodes above the path, if they have to be made, are open to everybody.
// Without credentials everybody may do everything. Connections can be encrypted.
package zookeeper
