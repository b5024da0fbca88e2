package config

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

// MaxFileBytes bounds config.toml; a fresh one has about 4,000 bytes.
const MaxFileBytes = 64 << 10

// Decode reads config.toml over the defaults of the role that it names. It
// refuses keys that the role does not have, naming key and line. It does not
// call [Config.Check]: flags may replace values. Errors wrap [ErrFile].
func Decode(b []byte) (Config, error) {
	if len(b) > MaxFileBytes {
		return Config{}, fmt.Errorf("%w: %d bytes, at most %d", ErrFile, len(b), MaxFileBytes)
	}
	b, err := Text(b)
	if err != nil {
		return Config{}, fmt.Errorf("%w: %w", ErrFile, err)
	}
	var head struct {
		Role Role `toml:"role"`
	}
	if err := toml.Unmarshal(b, &head); err != nil {
		return Config{}, fileError(err)
	}
	if head.Role != Miner && head.Role != Validator {
		return Config{}, fmt.Errorf("%w: role is %.40q, want \"miner\" or \"validator\"", ErrFile, head.Role)
	}
	c := Default(head.Role)
	d := toml.NewDecoder(bytes.NewReader(b)).DisallowUnknownFields()
	if err := d.Decode(c.target()); err != nil {
		return Config{}, fileError(err)
	}
	return c, nil
}

// common are the sections that both roles have.
type common struct {
	Role   *Role   `toml:"role"`
	Node   *Node   `toml:"node"`
	HTTP   *HTTP   `toml:"http"`
	Engine *Engine `toml:"engine"`
	Log    *Log    `toml:"log"`
	Keys   *Keys   `toml:"keys"`
}

// target is what the file is decoded into: exactly the sections of the role.
func (c *Config) target() any {
	both := common{&c.Role, &c.Node, &c.HTTP, &c.Engine, &c.Log, &c.Keys}
	if c.Role == Miner {
		return &struct {
			common
			Seat  *Seat  `toml:"seat"`
			Label *Label `toml:"label"`
		}{both, &c.Seat, &c.Label}
	}
	return &struct {
		common
		Consensus *Consensus `toml:"consensus"`
	}{both, &c.Consensus}
}

// fileError puts key and line of the first mistake into one line.
func fileError(err error) error {
	var unknown *toml.StrictMissingError
	if errors.As(err, &unknown) && len(unknown.Errors) > 0 {
		e := &unknown.Errors[0]
		line, _ := e.Position()
		return fmt.Errorf("%w: line %d: there is no key %q", ErrFile, line, strings.Join(e.Key(), "."))
	}
	if bad, ok := errors.AsType[*toml.DecodeError](err); ok {
		line, _ := bad.Position()
		text := strings.TrimPrefix(bad.Error(), "toml: ")
		if k := strings.Join(bad.Key(), "."); k != "" {
			text = k + ": " + text
		}
		return fmt.Errorf("%w: line %d: %s", ErrFile, line, oneLine(text))
	}
	return fmt.Errorf("%w: %s", ErrFile, oneLine(err.Error()))
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// Encode writes a config.toml that explains itself. What is as by default is
// commented out, so that a later program may have a better default.
func (c *Config) Encode() []byte {
	var b strings.Builder
	fmt.Fprintf(&b, `# The settings of this %[1]s. A line that begins with # shows a default.
# A flag of "%[1]s run" or a variable of the environment goes before a line here.
# What all nodes must agree on is in genesis.json.

role = "%[1]s"
`, c.Role)
	def := Default(c.Role)
	for _, sec := range sections {
		first := true
		for i := range settings {
			s := &settings[i]
			if s.section != sec.name || !s.of(c.Role) {
				continue
			}
			if first {
				fmt.Fprintf(&b, "\n# %s\n[%s]\n", sec.usage, sec.name)
				first = false
			}
			writeSetting(&b, s, c, &def)
		}
	}
	return []byte(b.String())
}

func writeSetting(b *strings.Builder, s *setting, c, def *Config) {
	fmt.Fprintf(b, "\n# %s.\n", strings.ToUpper(s.usage[:1])+s.usage[1:])
	if s.why != "" {
		fmt.Fprintf(b, "# %s\n", strings.ReplaceAll(s.why, "\n", "\n# "))
	}
	fmt.Fprintf(b, "# Flag --%s, environment %s.\n", s.flag, s.env())
	line := assignment(s.key, s.value(c))
	if line == assignment(s.key, s.value(def)) {
		b.WriteString("# ")
	}
	b.WriteString(line)
}

// assignment returns "key = value" and a newline. It cannot fail: the values
// are strings, numbers and lists of them.
func assignment(key string, value any) string {
	value = reflect.ValueOf(value).Elem().Interface()
	if list, ok := value.([]string); ok && list == nil {
		value = []string{}
	}
	out, err := toml.Marshal(map[string]any{key: value})
	if err != nil {
		panic(err)
	}
	return string(out)
}
