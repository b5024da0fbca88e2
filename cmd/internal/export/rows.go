package export

// Rows are what a data set holds. Names and order of the columns are recorded in
// testdata, for both forms: who loads a data set relies on them.

// Run is a row of the kind inference: what a model made of a prompt.
type Run struct {
	System string `json:"system" parquet:"system"`
	Prompt string `json:"prompt" parquet:"prompt"`
	// Response is the text of Tokens; "" where no file of the model was given.
	Response string  `json:"response" parquet:"response"`
	Tokens   []int32 `json:"tokens" parquet:"tokens,list"`
	Finish   string  `json:"finish" parquet:"finish"`
	// Passed counts the judges who are known here to have found the same, bit for
	// bit: another node may know of more.
	Passed     int32      `json:"passed" parquet:"passed"`
	Provenance Provenance `json:"provenance" parquet:"provenance"`
}

// Record is a row of the kind synthetic.
type Record struct {
	Prompt   string `json:"prompt" parquet:"prompt"`
	Response string `json:"response" parquet:"response"`
	Family   string `json:"family" parquet:"family"`
	// Checks are what the family's checks found, Failed the gates that the record
	// does not pass.
	Checks []Finding `json:"checks" parquet:"checks,list"`
	Failed []string  `json:"failed" parquet:"failed,list"`
	// Novelty, Alike and Diversity compare the record with the rows before it in its
	// epoch; see package gate. Novelty is the share of its runs of five words, masked
	// but in arithmetic and extraction, that none of those has, in 65536ths, Alike
	// how many of 112 positions of its signature the most alike of those has,
	// Diversity as which share of different ones the rows of its miner count up to
	// this one, in 65536ths.
	Novelty    int32      `json:"novelty" parquet:"novelty"`
	Alike      int32      `json:"alike" parquet:"alike"`
	Diversity  int32      `json:"diversity" parquet:"diversity"`
	Passed     int32      `json:"passed" parquet:"passed"` // as in [Run]
	Provenance Provenance `json:"provenance" parquet:"provenance"`
}

// Finding is what one check found.
type Finding struct {
	Check string `json:"check" parquet:"check"`
	Pass  bool   `json:"pass" parquet:"pass"`
}

// Provenance says where a run comes from, and by what it can be checked again.
// Hashes are hex.
type Provenance struct {
	Task  string `json:"task" parquet:"task"`
	Model string `json:"model" parquet:"model"`
	Seed  string `json:"seed" parquet:"seed"`   // of sampling; "" where nothing is sampled
	Miner string `json:"miner" parquet:"miner"` // address of the hotkey that signed
	UID   int32  `json:"uid" parquet:"uid"`
	Slot  int32  `json:"slot" parquet:"slot"`
	Epoch int64  `json:"epoch" parquet:"epoch"`
	Round int64  `json:"round" parquet:"round"`
	// Block is the height of the commitment, Root its root, Answer the hash of the
	// answer that opens it.
	Block  int64  `json:"block" parquet:"block"`
	Root   string `json:"root" parquet:"root"`
	Answer string `json:"answer" parquet:"answer"`
}

// The lanes of preferences.
const (
	lanePeople = "people"
	laneEngine = "engine"
)

// Preference is a row of the kind preference: of two responses, the one that
// raters of the people's lane prefer.
type Preference struct {
	Prompt   string `json:"prompt" parquet:"prompt"`
	Chosen   string `json:"chosen" parquet:"chosen"`
	Rejected string `json:"rejected" parquet:"rejected"`
	// Agreement is the share of ratings for Chosen, Confidence the posterior of
	// that label (package dawidskene); both rounded to four digits.
	Agreement  float64 `json:"agreement" parquet:"agreement"`
	Confidence float64 `json:"confidence" parquet:"confidence"`
	Raters     []Vote  `json:"raters" parquet:"raters,list"`
	Lane       string  `json:"lane" parquet:"lane"` // people
	// Provenance is that of the pair.
	Provenance Origin `json:"provenance" parquet:"provenance"`
}

// Vote is what one rater said.
type Vote struct {
	Rater  string `json:"rater" parquet:"rater"`   // address of the hotkey
	Choice int32  `json:"choice" parquet:"choice"` // 1 chosen, 0 equal, −1 rejected
}

// Origin says where a pair comes from.
type Origin struct {
	// Pair is round/setter's uid/place, Root what the ledger has of all the setter's
	// pairs.
	Pair   string `json:"pair" parquet:"pair"`
	Root   string `json:"root" parquet:"root"`
	Setter string `json:"setter" parquet:"setter"` // address of the hotkey
	// Gold is 1 where the pair was made so that the chosen response is the better
	// one, −1 where the rejected one is, and 0 of an ordinary pair.
	Gold  int32 `json:"gold" parquet:"gold"`
	Epoch int64 `json:"epoch" parquet:"epoch"`
	Round int64 `json:"round" parquet:"round"`
}

// Judgement is a row of the kind judgement, the engine's lane of preferences: of
// two responses, the one that a model prefers.
type Judgement struct {
	Prompt   string `json:"prompt" parquet:"prompt"`
	Chosen   string `json:"chosen" parquet:"chosen"`
	Rejected string `json:"rejected" parquet:"rejected"`
	// Margin is by how much the model prefers Chosen, above zero: in Logits
	//
	//	(chosen₀ − rejected₀) + (chosen₁ − rejected₁)
	//
	// each operation rounded to binary32. Like the logits it is a binary32 number.
	Margin float64 `json:"margin" parquet:"margin"`
	// Logits are those of the letters of both responses, first where Chosen is shown
	// first, then where Rejected is.
	Logits     []Logits   `json:"logits" parquet:"logits,list"`
	Lane       string     `json:"lane" parquet:"lane"`     // engine
	Passed     int32      `json:"passed" parquet:"passed"` // as in [Run]
	Provenance Provenance `json:"provenance" parquet:"provenance"`
}

// Logits are a model's for two responses, in one order of them.
type Logits struct {
	Chosen   float64 `json:"chosen" parquet:"chosen"`
	Rejected float64 `json:"rejected" parquet:"rejected"`
}

// Row is what rows of all kinds have in common.
type Row[T any] interface {
	*T
	// Text is what is read: what was asked, and what was made of it.
	Text() (prompt, response string)
	// Settled returns the row without what another node may know otherwise.
	Settled() T
}

// Text implements [Row].
func (r *Run) Text() (prompt, response string) { return r.Prompt, r.Response }

// Settled implements [Row].
func (r *Run) Settled() Run {
	s := *r
	s.Passed = 0
	return s
}

// Text implements [Row].
func (r *Record) Text() (prompt, response string) { return r.Prompt, r.Response }

// Settled implements [Row].
func (r *Record) Settled() Record {
	s := *r
	s.Passed = 0
	return s
}

// Text implements [Row].
func (r *Preference) Text() (prompt, response string) { return r.Prompt, r.Chosen }

// Settled implements [Row].
func (r *Preference) Settled() Preference { return *r }

// Text implements [Row].
func (r *Judgement) Text() (prompt, response string) { return r.Prompt, r.Chosen }

// Settled implements [Row].
func (r *Judgement) Settled() Judgement {
	s := *r
	s.Passed = 0
	return s
}
