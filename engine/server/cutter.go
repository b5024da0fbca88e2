package server

import "strings"

// cutter passes a text on as far as no stop sequence can begin in it.
type cutter struct {
	stops []string
	held  string // may be the beginning of a stop sequence
	cut   bool   // a stop sequence was there
	stop  string // which
}

// add takes more of the text and returns what can be passed on.
func (c *cutter) add(text string) string {
	if c.cut {
		return ""
	}
	c.held += text
	first := -1
	for _, stop := range c.stops {
		if i := strings.Index(c.held, stop); i >= 0 && (first < 0 || i < first) {
			first, c.stop = i, stop
		}
	}
	if first >= 0 {
		c.cut = true
		out := c.held[:first]
		c.held = ""
		return out
	}
	keep := 0
	for _, stop := range c.stops {
		for n := min(len(stop)-1, len(c.held)); n > keep; n-- {
			if strings.HasSuffix(c.held, stop[:n]) {
				keep = n
				break
			}
		}
	}
	out := c.held[:len(c.held)-keep]
	c.held = c.held[len(c.held)-keep:]
	return out
}

// end returns what was held, when nothing follows.
func (c *cutter) end() string {
	out := c.held
	c.held = ""
	return out
}
