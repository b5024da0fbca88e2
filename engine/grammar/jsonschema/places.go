package jsonschema

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
)

// places are where references of a document can lead. Nothing is ever fetched.
type places struct {
	base      map[*value]string // of each schema, without a fragment
	resources map[string]*value // by what $id names
	anchors   map[string]*value // by base and name
	dynamic   map[string]int    // how many schemas have a $dynamicAnchor of this name
}

// rootBase is the base of a document that names none.
const rootBase = "schema:///"

func newPlaces(root *value) (places, error) {
	p := places{base: map[*value]string{}, resources: map[string]*value{rootBase: root}, anchors: map[string]*value{}, dynamic: map[string]int{}}
	return p, p.walk(root, rootBase)
}

// Keywords by what is in them.
var (
	holdOne  = []string{"items", "contains", "additionalProperties", "unevaluatedProperties", "unevaluatedItems", "propertyNames", "not", "if", "then", "else", "contentSchema"}
	holdMany = []string{"allOf", "anyOf", "oneOf", "prefixItems", "properties", "patternProperties", "$defs", "definitions", "dependentSchemas"}
)

// walk notes the names of a schema and of those in it.
func (p *places) walk(v *value, base string) error {
	if v.kind != isObject {
		return nil
	}
	if id := v.get("$id"); id != nil && id.kind == isString {
		resolved, err := resolve(base, id.text)
		if err != nil {
			return err
		}
		base, _, _ = strings.Cut(resolved, "#")
		p.resources[base] = v
	}
	p.base[v] = base
	for _, name := range []string{"$anchor", "$dynamicAnchor"} {
		if a := v.get(name); a != nil && a.kind == isString {
			p.anchors[base+"#"+a.text] = v
			if name == "$dynamicAnchor" {
				p.dynamic[a.text]++
			}
		}
	}
	var inside []*value
	for _, name := range holdOne {
		if s := v.get(name); s != nil {
			inside = append(inside, s)
		}
	}
	for _, name := range holdMany {
		if s := v.get(name); s != nil {
			inside = append(inside, s.items...)
		}
	}
	for _, s := range inside {
		if err := p.walk(s, base); err != nil {
			return err
		}
	}
	return nil
}

// maxAddress bounds a reference and what it begins from, in bytes.
const maxAddress = 4 << 10

func resolve(base, ref string) (string, error) {
	if len(base)+len(ref) > maxAddress {
		return "", fmt.Errorf("%w: a reference of more than %d bytes", ErrLimit, maxAddress)
	}
	b, err := url.Parse(base)
	if err != nil {
		return "", fmt.Errorf("%w: %.80q: %w", ErrReference, base, err)
	}
	u, err := b.Parse(ref)
	if err != nil {
		return "", fmt.Errorf("%w: %.80q: %w", ErrReference, ref, err)
	}
	return u.String(), nil
}

// find returns where a reference in a schema leads.
func (p *places) find(ref string, from *value, dynamic bool) (*value, error) {
	base, ok := p.base[from]
	if !ok {
		base = rootBase // it is where only pointers lead
	}
	to, err := resolve(base, ref)
	if err != nil {
		return nil, err
	}
	resource, fragment, _ := strings.Cut(to, "#")
	if fragment, err = url.PathUnescape(fragment); err != nil {
		return nil, fmt.Errorf("%w: %.80q: %w", ErrReference, ref, err)
	}
	root, ok := p.resources[resource]
	if !ok {
		return nil, fmt.Errorf("%w: %.80q is not in the schema, and nothing is fetched", ErrReference, ref)
	}
	if fragment != "" && fragment[0] != '/' {
		v, ok := p.anchors[resource+"#"+fragment]
		if !ok {
			return nil, fmt.Errorf("%w: there is no anchor %.80q", ErrReference, ref)
		}
		if dynamic && v.get("$dynamicAnchor") != nil && p.dynamic[fragment] > 1 {
			return nil, fmt.Errorf("%w: %.80q can lead to several schemas", ErrUnsupported, ref)
		}
		return v, nil
	}
	v := root
	if fragment == "" {
		return v, nil
	}
	for part := range strings.SplitSeq(fragment[1:], "/") {
		part = strings.ReplaceAll(strings.ReplaceAll(part, "~1", "/"), "~0", "~")
		next := v.get(part)
		if v.kind == isArray {
			if i, err := strconv.Atoi(part); err == nil && i >= 0 && i < len(v.items) {
				next = v.items[i]
			}
		}
		if v = next; v == nil {
			return nil, fmt.Errorf("%w: %.80q leads nowhere", ErrReference, ref)
		}
	}
	return v, nil
}
