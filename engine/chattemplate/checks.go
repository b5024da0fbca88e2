package chattemplate

import "unicode"

// checks are Jinja's tests that take no argument.
var checks = map[string]func(v value) bool{
	"defined":   func(v value) bool { return !isA[undefined](v) },
	"undefined": isA[undefined],
	"none":      func(v value) bool { return v == nil },
	"string":    isA[Text],
	"mapping":   isA[*dict],
	"boolean":   isA[bool],
	"integer":   isA[int64],
	"float":     isA[float64],
	"number":    func(v value) bool { _, ok := number(v); return ok },
	"callable":  func(v value) bool { return isA[*function](v) || isA[*turn](v) || isA[undefined](v) },
	"iterable": func(v value) bool {
		_, ok := length(v)
		return ok || isA[*iterator](v) || isA[*turn](v)
	},
	"sequence": func(v value) bool {
		l, isList := v.(*list)
		_, ok := length(v)
		return ok && (!isList || !l.isView())
	},
	"true":    func(v value) bool { return v == true },
	"false":   func(v value) bool { return v == false },
	"escaped": func(v value) bool { t, ok := v.(Text); return ok && t.markup },
}

func isA[T any](v value) bool { _, ok := v.(T); return ok }

// comparing are Jinja's tests that compare with an argument.
var comparing = map[string]operator{
	"eq": comparisons["=="], "equalto": comparisons["=="], "==": comparisons["=="], "ne": comparisons["!="], "!=": comparisons["!="],
	"lt": comparisons["<"], "lessthan": comparisons["<"], "<": comparisons["<"], "le": comparisons["<="], "<=": comparisons["<="],
	"gt": comparisons[">"], "greaterthan": comparisons[">"], ">": comparisons[">"], "ge": comparisons[">="], ">=": comparisons[">="],
	"in":          in,
	"sameas":      func(_ *run, a, b value) (value, error) { return same(a, b), nil },
	"divisibleby": func(r *run, a, b value) (value, error) { return remainder(r, a, b, 0) },
}

// remainder reports whether a divided by b leaves that remainder.
func remainder(r *run, a, b value, want int64) (value, error) {
	m, err := percent(r, a, b)
	if err != nil {
		return nil, err
	}
	return r.equal(m, want, 0)
}

func (r *run) test(name string, v value, a arguments) (value, error) {
	if check, ok := checks[name]; ok {
		_, err := a.bind(name)
		return check(v), err
	}
	if f, ok := comparing[name]; ok {
		vs, err := a.bind(name, "/other")
		if err != nil {
			return nil, err
		}
		return f(r, v, vs[0])
	}
	if _, err := a.bind(name); err != nil {
		return nil, err
	}
	switch name {
	case "odd":
		return remainder(r, v, int64(2), 1)
	case "even":
		return remainder(r, v, int64(2), 0)
	case "lower", "upper":
		t, err := r.str(v)
		if err != nil {
			return nil, err
		}
		fits := unicode.IsLower
		if name == "upper" {
			fits = unicode.IsUpper
		}
		return cased(t.s, fits), r.spend(1, t.Len())
	case "filter":
		t, ok := v.(Text)
		return ok && filters(t.s) != nil, nil
	case "test":
		t, ok := v.(Text)
		return ok && isTest(t.s), nil
	}
	return nil, fail("the test %.80q is not supported", name)
}

// isTest reports whether there is a test of a name.
func isTest(name string) bool {
	switch name {
	case "odd", "even", "lower", "upper", "filter", "test":
		return true
	}
	return checks[name] != nil || comparing[name] != nil
}
