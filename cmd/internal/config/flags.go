package config

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/assaynet/assay/cmd/internal/usage"
)

// HomeFlag names the home.
func HomeFlag(role Role) cli.Flag {
	return &cli.StringFlag{Name: "home", EnvVars: []string{"ASSAY_HOME"}, Usage: fmt.Sprintf("home `DIR` of the %s (default: ~/.assay/%s)", role, role)}
}

// Flags are the flags of every setting of a role, with the environment unless
// it is init: what is set in the environment holds for one start, what is in
// the file for all.
func Flags(role Role, environment bool) []cli.Flag {
	def := Default(role)
	var out []cli.Flag
	for i := range settings {
		s := &settings[i]
		if !s.of(role) {
			continue
		}
		var env []string
		if environment {
			env = []string{s.env()}
		}
		switch v := s.value(&def).(type) {
		case *string:
			out = append(out, &cli.StringFlag{Name: s.flag, EnvVars: env, Usage: s.usage, DefaultText: *v})
		case *int:
			out = append(out, &cli.IntFlag{Name: s.flag, EnvVars: env, Usage: s.usage, DefaultText: fmt.Sprint(*v)})
		case *bool:
			out = append(out, &cli.BoolFlag{Name: s.flag, EnvVars: env, Usage: s.usage, DefaultText: fmt.Sprint(*v)})
		case *[]string:
			out = append(out, &cli.StringSliceFlag{Name: s.flag, EnvVars: env, Usage: s.usage, DefaultText: strings.Join(*v, ",")})
		}
	}
	return out
}

// Apply puts what flags and environment say over c. A path in a flag is from
// where the command runs.
func (c *Config) Apply(ctx *cli.Context) {
	for i := range settings {
		s := &settings[i]
		if !s.of(c.Role) || !ctx.IsSet(s.flag) {
			continue
		}
		switch v := s.value(c).(type) {
		case *string:
			text := ctx.String(s.flag)
			if text == "" {
				continue // an empty variable is no value
			}
			*v = s.fromHere(text)
		case *int:
			*v = ctx.Int(s.flag)
		case *bool:
			*v = ctx.Bool(s.flag)
		case *[]string:
			var list []string
			for _, text := range ctx.StringSlice(s.flag) {
				if text != "" {
					list = append(list, s.fromHere(text))
				}
			}
			if list != nil {
				*v = list
			}
		}
	}
}

// fromHere makes a path absolute that was given in the working directory.
func (s *setting) fromHere(text string) string {
	if !s.isPath() {
		return text
	}
	if abs, err := filepath.Abs(text); err == nil {
		return abs
	}
	return text // without a working directory, opening the file will say so
}

// isPath says whether the value is a path.
func (s *setting) isPath() bool {
	return s.flag == "model" || s.flag == "draft-model" || s.flag == "passphrase-file"
}

// Load returns home and settings of a command: the file of the home, and the
// flags and environment over it. Errors are [ErrNoHome], [ErrHome], [ErrFile]
// and [ErrValue], each a [usage.Mistake], or what the system refused.
func Load(ctx *cli.Context, role Role) (Home, *Config, error) {
	home, err := HomeOf(ctx, role)
	if err != nil {
		return home, nil, usage.Mistake(err)
	}
	c, err := home.load(ctx, role)
	return home, c, usage.Mistake(err)
}

func (h Home) load(ctx *cli.Context, role Role) (*Config, error) {
	c, err := h.Read()
	if err != nil {
		return nil, err
	}
	if c.Role != role {
		return nil, fmt.Errorf("%w: %s belongs to a %s; run %s, or give another --home", ErrHome, h, c.Role, c.Role)
	}
	c.Apply(ctx)
	if err := c.Check(); err != nil {
		return c, h.locate(err, ctx.IsSet)
	}
	return c, nil
}
