package chattemplate

import (
	"fmt"
	"math"
	"reflect"
	"regexp"
	"strings"

	minijinja "github.com/mitsuhiko/minijinja/minijinja-go/v2"
	"github.com/mitsuhiko/minijinja/minijinja-go/v2/syntax"
)

// node is a node of the library's syntax tree, whose types are internal to it. The zero node stands for none.
// What does not look as expected panics with a treeError, which [Parse] returns.
type node struct {
	v reflect.Value // a struct
}

type treeError string

// generation finds the tags by which transformers marks what the assistant says. They change nothing of a rendering.
var generation = regexp.MustCompile(`\{%([-+]?)\s*(end)?generation\s*([-+]?)%\}`)

// readTree returns the statements of a template.
func readTree(source string) ([]node, error) {
	source = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(source)
	source = generation.ReplaceAllStringFunc(source, func(tag string) string {
		m := generation.FindStringSubmatch(tag)
		if m[2] != "" {
			return "{%" + m[1] + " endif " + m[3] + "%}"
		}
		return "{%" + m[1] + " if true " + m[3] + "%}"
	})
	env := minijinja.EmptyEnvironment()
	env.SetWhitespace(syntax.WhitespaceConfig{TrimBlocks: true, LstripBlocks: true})
	t, err := env.TemplateFromString(source)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSyntax, err)
	}
	return wrap(reflect.ValueOf(t)).child("compiled").child("ast").children("Children"), nil
}

func wrap(v reflect.Value) node {
	for v.Kind() == reflect.Interface || v.Kind() == reflect.Pointer {
		v = v.Elem() // of nil: the zero value
	}
	if v.IsValid() && v.Kind() != reflect.Struct {
		panic(treeError("a node that is no struct: " + v.Type().String()))
	}
	return node{v}
}

func (n node) none() bool { return !n.v.IsValid() }

// kind is the name of the node's type.
func (n node) kind() string { return n.v.Type().Name() }

func (n node) field(name string, kinds ...reflect.Kind) reflect.Value {
	if n.none() {
		panic(treeError("no node that could have " + name))
	}
	f := n.v.FieldByName(name)
	for _, k := range kinds {
		if f.Kind() == k {
			return f
		}
	}
	panic(treeError(fmt.Sprintf("%s of a %s is not of kind %v", name, n.v.Type(), kinds)))
}

func (n node) child(name string) node {
	return wrap(n.field(name, reflect.Interface, reflect.Pointer, reflect.Struct))
}

func (n node) children(name string) []node {
	f := n.field(name, reflect.Slice)
	out := make([]node, f.Len())
	for i := range out {
		out[i] = wrap(f.Index(i))
	}
	return out
}

func (n node) text(name string) string { return n.field(name, reflect.String).String() }
func (n node) flag(name string) bool   { return n.field(name, reflect.Bool).Bool() }
func (n node) number(name string) int  { return int(n.field(name, reflect.Int).Int()) }

// line is where the node begins in the source.
func (n node) line() int {
	span := n.child("span")
	return int(span.field("StartLine", reflect.Uint16).Uint())
}

// literal is the value of a Const.
func (n node) literal() (value, error) {
	f := n.field("Value", reflect.Interface).Elem()
	switch f.Kind() {
	case reflect.Invalid:
		return nil, nil
	case reflect.String:
		return Own(f.String()), nil
	case reflect.Int64:
		return f.Int(), nil
	case reflect.Float64:
		if x := f.Float(); !math.IsInf(x, 0) {
			return x, nil
		}
	case reflect.Bool:
		return f.Bool(), nil
	}
	return nil, fmt.Errorf("%w: a number beyond 64 bits", ErrLimit)
}
