package syntax

// Stmt is a statement: one of the types below that embed At.
type Stmt interface{ Line() int }

// At is where a statement begins.
type At struct{ line int }

// Line is a line of the source, from 1.
func (a At) Line() int { return a.line }

type (
	// Data is text of the template.
	Data struct {
		At
		Text string
	}
	// Print writes values.
	Print struct {
		At
		Values []Expr
	}
	// If runs the body of the first branch whose test is true, or Else.
	If struct {
		At
		Branches []Branch
		Else     []Stmt
	}
	// For runs Body for each item of Iter, or Else if there is none. Only may
	// be nil.
	For struct {
		At
		Target    Target
		Iter      Expr
		Only      Expr // items for which this is false are left out
		Recursive bool
		Body      []Stmt
		Else      []Stmt
	}
	// Set puts a value where Target says.
	Set struct {
		At
		Target Target
		Value  Expr
	}
	// SetBlock puts what Body writes, through Filter unless it is nil, where
	// Target says.
	SetBlock struct {
		At
		Target Target
		Filter *Filter
		Body   []Stmt
	}
	// FilterBlock writes what Body writes through Filter.
	FilterBlock struct {
		At
		Filter *Filter
		Body   []Stmt
	}
	// With runs Body with variables of its own.
	With struct {
		At
		Targets []Target
		Values  []Expr
		Body    []Stmt
	}
	// Macro defines a function that gives what its body writes.
	Macro struct {
		At
		Function
	}
	// CallBlock writes Call, to which the block is given as its caller.
	CallBlock struct {
		At
		Function
		Call *Call
	}
	// Block is a part that other templates could replace.
	Block struct {
		At
		Name             string
		Scoped, Required bool
		Body             []Stmt
	}
	// Scope runs Body with variables of its own: what stands between generation
	// and endgeneration.
	Scope struct {
		At
		Body []Stmt
	}
	// Autoescape runs Body with the escaping of HTML on or off.
	Autoescape struct {
		At
		On   Expr
		Body []Stmt
	}
	// Break ends the innermost loop.
	Break struct{ At }
	// Continue goes on with the next turn of the innermost loop.
	Continue struct{ At }
	// Elsewhere needs another template: include, import, from or extends.
	Elsewhere struct {
		At
		Tag string
	}
)

// Branch is a part of an If.
type Branch struct {
	Test Expr
	Body []Stmt
}

// Function is what macros and call blocks have in common.
type Function struct {
	Name       string // empty for a call block
	Parameters []string
	Defaults   []Expr // of the last parameters
	Body       []Stmt
	// What the body names beyond its parameters.
	Varargs, Kwargs, Caller bool
}

// Target is what can be set: a *Name, an *Attribute of a name, or a *Tuple of
// targets.
type Target = Expr

// Expr is an expression: a pointer to one of the types below.
type Expr any

type (
	// Name is a variable.
	Name struct{ Name string }
	// Literal is nil, a bool, an int64, a float64 or a string.
	Literal struct{ Value any }
	// Tuple is a tuple of items.
	Tuple struct{ Items []Expr }
	// List is a list of items.
	List struct{ Items []Expr }
	// Dict is a dictionary.
	Dict struct{ Keys, Values []Expr }
	// Unary is an operator ("-", "+" or "not") before X.
	Unary struct {
		Operator string
		X        Expr
	}
	// Binary is an operator of arithmetic, "and" or "or" between two expressions.
	Binary struct {
		Operator    string
		Left, Right Expr
	}
	// Concat joins items as strings (~).
	Concat struct{ Items []Expr }
	// Compare is a chain such as a < b in c. Operators are "==", "!=", "<",
	// "<=", ">", ">=", "in" and "not in".
	Compare struct {
		First     Expr
		Operators []string
		Rest      []Expr
	}
	// Choice is Then if Test, else Else, which may be nil.
	Choice struct{ Test, Then, Else Expr }
	// Attribute is X.Name.
	Attribute struct {
		X    Expr
		Name string
	}
	// Item is X[Key], where Key may be a *Slice.
	Item struct{ X, Key Expr }
	// Slice is Start:Stop:Step, each of which may be nil.
	Slice struct{ Start, Stop, Step Expr }
	// Call is X(arguments).
	Call struct {
		X Expr
		Arguments
	}
	// Filter is X|Name(arguments). X is nil for the first filter of a block.
	Filter struct {
		X    Expr
		Name string
		Arguments
	}
	// Test is X is Name(arguments).
	Test struct {
		X    Expr
		Name string
		Arguments
	}
)

// Arguments are those of a call, in the order in which they are given to it.
type Arguments struct {
	Positional []Expr
	Names      []string // of Named
	Named      []Expr
	Star       Expr // *Star, or nil
	StarStar   Expr // **StarStar, or nil
}
