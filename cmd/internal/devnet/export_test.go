package devnet

// For tests of the parts that need no network.
var (
	Find        = find
	MakeDir     = makeDir
	ReadFigures = readFigures
	ErrNoEngine = errNoEngine
	TooMuch     = tooMuch
	NewTeller   = newTeller
	Follow      = follow
	Written     = written
)

type (
	Figures = figures
	Rate    = rate
)

// NewRate is n in so many seconds.
func NewRate(n, seconds float64) Rate { return Rate{n, seconds} }

// NewFigures makes what an engine did.
func NewFigures(backend, isa, threads string, prompt, generated, first Rate) Figures {
	return Figures{backend, isa, threads, prompt, generated, first}
}

// Words are the three words of a rate in the table.
func (f *Figures) Words() [3]string {
	return [3]string{f.prompt.perSecond(), f.generated.perSecond(), f.first.each()}
}

// Tell prints one line.
func Tell(t *teller, line string) { t.printf("%s", line) }

// Sentence is sentence.
var Sentence = sentence
