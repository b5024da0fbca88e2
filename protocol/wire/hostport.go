package wire

import (
	"fmt"
	"strings"
)

// Limits of a name of the DNS, in bytes (RFC 1035).
const (
	maxName  = 253
	maxLabel = 63
)

// CheckHostPort refuses what nobody can dial as HOST:PORT: the port is 1 to
// 65535; the host is a name, an IPv4 address, or an IPv6 address in brackets and
// without a zone, and not the one that stands for all addresses of a machine.
// Numbers have no leading zeros, which some read as octal. It looks nothing up,
// so that all nodes agree. Errors wrap [ErrLimit].
func CheckHostPort(s string) error {
	if err := shown("address", s, maxAddressText); err != nil {
		return err
	}
	at := strings.LastIndexByte(s, ':')
	if at < 0 {
		return fmt.Errorf("address %q has no port: %w", s, ErrLimit)
	}
	host, port := s[:at], s[at+1:]
	if n, ok := number(port, 65535); !ok || n == 0 {
		return fmt.Errorf("port %q of address %q is not 1 to 65535: %w", port, s, ErrLimit)
	}
	inner, bracketed := strings.CutPrefix(host, "[")
	if bracketed {
		var closed bool
		if inner, closed = strings.CutSuffix(inner, "]"); !closed {
			return fmt.Errorf("address %q has a bracket too many: %w", s, ErrLimit)
		}
	}
	var zero, ok bool
	switch {
	case bracketed:
		zero, ok = ip6(inner)
	case looksLikeIP4(host):
		zero, ok = ip4(host)
	default:
		ok = isName(host)
	}
	if !ok {
		return fmt.Errorf("host %q of address %q is no name and no IP address (IPv6 in brackets): %w", host, s, ErrLimit)
	}
	if zero {
		return fmt.Errorf("host %q of address %q stands for all addresses of a machine: %w", host, s, ErrLimit)
	}
	return nil
}

// number reads a decimal number of at most limit, without sign or leading zeros.
func number(s string, limit int) (int, bool) {
	if s == "" || len(s) > 1 && s[0] == '0' {
		return 0, false
	}
	n := 0
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		if n = 10*n + int(s[i]-'0'); n > limit {
			return 0, false
		}
	}
	return n, true
}

// looksLikeIP4 reports whether the last label of a host is a number: then it is
// an address or nothing, for no domain at the top is one.
func looksLikeIP4(host string) bool {
	host = strings.TrimSuffix(host, ".")
	last := host[strings.LastIndexByte(host, '.')+1:]
	return last != "" && strings.Trim(last, "0123456789") == ""
}

// ip4 reads four numbers with dots between.
func ip4(s string) (zero, ok bool) {
	parts := strings.Split(s, ".")
	if len(parts) != 4 {
		return false, false
	}
	zero = true
	for _, p := range parts {
		n, ok := number(p, 255)
		if !ok {
			return false, false
		}
		zero = zero && n == 0
	}
	return zero, true
}

// ip6 reads eight groups of hex digits with colons between, of which :: stands
// for one or more that are zero, and the last two may be written as IPv4.
func ip6(s string) (zero, ok bool) {
	head, tail, gap := strings.Cut(s, "::")
	zero = true
	groups := 0
	for i, part := range []string{head, tail} {
		if part == "" {
			if i == 0 && !gap {
				return false, false
			}
			continue
		}
		list := strings.Split(part, ":")
		for j, g := range list {
			last := j == len(list)-1 && (i == 1 || !gap)
			if last && strings.Contains(g, ".") {
				z, ok := ip4(g)
				if !ok {
					return false, false
				}
				zero, groups = zero && z, groups+2
				continue
			}
			if g == "" || len(g) > 4 || strings.Trim(g, "0123456789abcdefABCDEF") != "" {
				return false, false
			}
			zero, groups = zero && strings.Trim(g, "0") == "", groups+1
		}
	}
	if gap {
		return zero, groups < 8
	}
	return zero, groups == 8
}

// isName reports whether s can be a name of the DNS: labels of letters, digits,
// '-' and '_', none at whose ends is a '-'. A dot may end it.
func isName(s string) bool {
	s = strings.TrimSuffix(s, ".")
	if s == "" || len(s) > maxName {
		return false
	}
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > maxLabel || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for i := range len(label) {
			c := label[i]
			if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '_' {
				return false
			}
		}
	}
	return true
}
