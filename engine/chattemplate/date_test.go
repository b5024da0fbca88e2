package chattemplate_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/assaynet/assay/engine/chattemplate"
)

// dates are what Python 3.11 with glibc makes of these formats at midnight.
var dates = []struct {
	day          time.Time
	format, want string
}{
	{time.Date(2024, 3, 7, 23, 59, 0, 0, time.UTC), "%d %b %Y", "07 Mar 2024"},
	{time.Date(2024, 3, 7, 0, 0, 0, 0, time.FixedZone("east", 12*3600)), "%-d/%_d/%0d/%e|%^a", "7/ 7/07/ 7|THU"},
	{time.Date(2024, 3, 7, 0, 0, 0, 0, time.UTC), "%j %y %I %p %P %l %k %H%M%S%f", "067 24 12 AM am 12  0 000000000000"},
	{time.Date(2024, 3, 7, 0, 0, 0, 0, time.UTC), "%U %W %V %G %g %u %w %C", "09 10 10 2024 24 4 4 20"},
	{time.Date(2023, 1, 1, 0, 0, 0, 0, time.UTC), "%U %W %V %G %g %u %w %C", "01 00 52 2022 22 7 0 20"},
	{time.Date(2026, 12, 31, 0, 0, 0, 0, time.UTC), "%U %W %V %G %g %u %w %C", "52 52 53 2026 26 4 4 20"},
	{
		time.Date(2024, 3, 7, 0, 0, 0, 0, time.UTC), "%c|%x|%X|%D|%T|%R|%F|%r",
		"Thu Mar  7 00:00:00 2024|03/07/24|00:00:00|03/07/24|00:00:00|00:00|2024-03-07|12:00:00 AM",
	},
	{time.Date(2024, 3, 7, 0, 0, 0, 0, time.UTC), "%Z%z%%%n%t%h %A %B ü", "%\n\tMar Thursday March ü"},
	{time.Date(2023, 1, 1, 0, 0, 0, 0, time.UTC), "%-j %-m %_m %-I %-y %_j|%^B|%^p", "1 1  1 12 23   1|JANUARY|AM"},
}

func TestTheDayIsWrittenAsPythonDoes(t *testing.T) {
	for _, d := range dates {
		in := chattemplate.Input{Today: d.day, Messages: []chattemplate.Message{{Content: d.format}}}
		got, err := parse(t, "{{ strftime_now('"+d.format+"') }}").Render(in)
		if err != nil || got.String() != d.want || !got.Trusted() {
			t.Errorf("%q: got %q, %v, trusted %v, want %q", d.format, got, err, got.Trusted(), d.want)
		}
		got, err = parse(t, "{{ strftime_now(messages[0].content) }}").Render(in)
		if err != nil || got.String() != d.want || got.Trusted() {
			t.Errorf("%q of a message: got %q, %v, trusted %v", d.format, got, err, got.Trusted())
		}
	}
}

func TestAFormatOfDatesThatIsNotPythonsIsRefused(t *testing.T) {
	in := chattemplate.Input{Today: time.Date(2024, 3, 7, 0, 0, 0, 0, time.UTC)}
	for _, format := range []string{"'%Q'", "'%'", "'%-'", "'%-f'", "'%s'", "''*0, 1", "1", ""} {
		if _, err := parse(t, "{{ strftime_now("+format+") }}").Render(in); !errors.Is(err, chattemplate.ErrRun) {
			t.Errorf("%s: got %v", format, err)
		}
	}
}

func TestATemplateWithoutADaySaysSo(t *testing.T) {
	_, err := parse(t, "a\n{{ strftime_now('%Y') }}").Render(chattemplate.Input{})
	if !errors.Is(err, chattemplate.ErrRun) || !strings.Contains(err.Error(), "line 2") || !strings.Contains(err.Error(), "overnight") {
		t.Errorf("got %v", err)
	}
	got, err := parse(t, "{% if strftime_now is defined %}{{ strftime_now('%Y') }}{% else %}ago{% endif %}").Render(chattemplate.Input{})
	if err != nil || got.String() != "ago" {
		t.Errorf("got %q, %v", got, err)
	}
}
