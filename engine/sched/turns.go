package sched

import (
	"cmp"
	"slices"
)

// userLocked returns the user of those names. Who comes anew has had as much as
// the one beside it that has had least, so that it is served soon and nobody
// gains by going and coming back.
func (s *Scheduler) userLocked(callerID, userID string) *user {
	c := named(s.callers, callerID, func(c *caller) *account { return &c.account })
	if c == nil {
		s.came++
		c = &caller{account: account{id: callerID, came: s.came, used: least(s.callers, func(c *caller) *account { return &c.account })}}
		s.callers = append(s.callers, c)
	}
	u := named(c.users, userID, func(u *user) *account { return &u.account })
	if u == nil {
		s.came++
		u = &user{caller: c, account: account{id: userID, came: s.came, used: least(c.users, func(u *user) *account { return &u.account })}}
		c.users = append(c.users, u)
	}
	return u
}

// countedLocked forgets a task of a user, and who has none left.
func (s *Scheduler) countedLocked(u *user) {
	c := u.caller
	u.count(-1, 0)
	if u.tasks == 0 {
		c.users = slices.DeleteFunc(c.users, func(o *user) bool { return o == u })
	}
	if c.tasks == 0 {
		s.callers = slices.DeleteFunc(s.callers, func(o *caller) bool { return o == c })
	}
}

// usersLocked returns all users in the order of their turns.
func (s *Scheduler) usersLocked() []*user {
	var all []*user
	for _, c := range s.callers {
		all = append(all, c.users...)
	}
	slices.SortFunc(all, (*user).compare)
	return all
}

// count adds tasks, and such as wait, to a user and its caller.
func (u *user) count(tasks, waiting int) {
	for _, a := range []*account{&u.account, &u.caller.account} {
		a.tasks += tasks
		a.waiting += waiting
	}
}

// charge adds tokens that were computed.
func (u *user) charge(tokens uint64) {
	u.used += tokens
	u.caller.used += tokens
}

// compare orders users by whose turn it is, and is 0 for one and the same: first
// by their callers, so that nobody has more for having many users.
func (u *user) compare(o *user) int {
	if u.caller != o.caller {
		return u.caller.compare(&o.caller.account)
	}
	return u.account.compare(&o.account)
}

// compare orders those who have had less first; where that is equal, those with
// fewer tasks running, and then those who came first.
func (a *account) compare(b *account) int {
	return cmp.Or(cmp.Compare(a.used, b.used), cmp.Compare(a.running(), b.running()), cmp.Compare(a.came, b.came))
}

func (a *account) running() int { return a.tasks - a.waiting }

func named[T any](list []*T, id string, of func(*T) *account) *T {
	for _, x := range list {
		if of(x).id == id {
			return x
		}
	}
	return nil
}

// least is what the one that has had least has had; 0 where there is none.
func least[T any](list []*T, of func(*T) *account) uint64 {
	var used uint64
	for i, x := range list {
		if i == 0 || of(x).used < used {
			used = of(x).used
		}
	}
	return used
}
