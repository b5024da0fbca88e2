package main

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// machine is the heading: what the figures were taken on.
func machine(llama, level string) string {
	compiler, err := os.ReadFile(filepath.Join(llama, "..", "built"))
	if err != nil {
		compiler = []byte("an unknown compiler")
	}
	load, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		load = []byte("unknown")
	}
	return fmt.Sprintf("%s, %s\nCPU: %s\nllama.cpp: %s, instructions: %s, -fa 1\nload average at the start: %s",
		time.Now().UTC().Format("2006-01-02 15:04 MST"), system(), cpu(), strings.TrimSpace(string(compiler)), level, strings.TrimSpace(string(load)))
}

// cpu names the processor and the instructions that matter.
func cpu() string {
	info, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return "unknown"
	}
	facts, processors := map[string]string{}, 0
	for l := range strings.Lines(string(info)) {
		name, value, _ := strings.Cut(l, ":")
		name = strings.TrimSpace(name)
		if name == "processor" {
			processors++
		}
		facts[name] = strings.TrimSpace(value)
	}
	var has []string
	flags := strings.Fields(facts["flags"] + " " + facts["Features"])
	for _, f := range []string{"avx2", "avx_vnni", "avx512f", "avx512_vnni", "avx512_bf16", "amx_int8", "asimd", "asimddp", "i8mm", "sve"} {
		if slices.Contains(flags, f) {
			has = append(has, f)
		}
	}
	return fmt.Sprintf("%s (family %s, model %s), %d processors, last cache %s, %s",
		facts["model name"], facts["cpu family"], facts["model"], processors, lastCache(), strings.Join(has, " "))
}

// lastCache is the size of the first processor's largest cache, as the system
// writes it.
func lastCache() string {
	for index := 4; index >= 0; index-- {
		if size, err := os.ReadFile(fmt.Sprintf("/sys/devices/system/cpu/cpu0/cache/index%d/size", index)); err == nil {
			return strings.TrimSpace(string(size))
		}
	}
	return "unknown"
}

// system names the kernel.
func system() string {
	release, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if err != nil {
		return "not Linux"
	}
	return "Linux " + strings.TrimSpace(string(release))
}

// median returns the middle value, of an even number the mean of both in the
// middle; NaN of none.
func median(x []float64) float64 {
	if len(x) == 0 {
		return math.NaN()
	}
	s := slices.Sorted(slices.Values(x))
	return (s[(len(s)-1)/2] + s[len(s)/2]) / 2
}

// table shows a model's medians, the ratio of them, and the least and the most
// of the ratio within one repeat.
func (r *result) table() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s (%.0f MB), ours %s/%s, %d threads, medians of %d\n",
		filepath.Base(r.model), float64(r.size)/1e6, r.identity.Backend, r.identity.ISA, r.threads, r.repeat)
	worst := disturbance{}
	for _, d := range r.disturbances {
		if d.sum() > worst.sum() {
			worst = d
		}
	}
	fmt.Fprintf(&b, "in the most disturbed pair other processes took %.0f %% of the machine, the hypervisor %.0f %%\n", 100*worst.others, 100*worst.stolen)
	if r.thrownAway > 0 {
		fmt.Fprintf(&b, "%d pairs were disturbed, thrown away and measured again\n", r.thrownAway)
	}
	if r.unfinished {
		b.WriteString("other processes kept the machine busy and patience ended: some medians are of fewer, or missing\n")
	}
	if worst.sum() > tooMuch {
		b.WriteString("THESE ARE NO FIGURES TO COMPARE: with others at work threads wait for each other; give -patience, or come back when the machine is idle\n")
	}
	b.WriteString("\n")
	b.WriteString("| what | ours | llama.cpp | ours ÷ theirs | each repeat |\n|---|---|---|---|---|\n")
	for _, row := range rows {
		ours, theirs := r.ours[row], r.theirs[row]
		switch {
		case len(ours) == 0:
		case len(theirs) == 0:
			fmt.Fprintf(&b, "| %s | %s | – | – | %s |\n", row, number(median(ours)), span(ours))
		default:
			fmt.Fprintf(&b, "| %s | %s | %s | %.2f | %s |\n", row, number(median(ours)), number(median(theirs)),
				median(ours)/median(theirs), span(quotients(ours, theirs)))
		}
	}
	if q := quotients(r.ours[rowGenerate], r.ours[rowVerify]); len(q) > 0 {
		fmt.Fprintf(&b, "| verifying ÷ generating | 1/%.1f | – | – | 1/%.1f to 1/%.1f |\n", median(q), slices.Min(q), slices.Max(q))
	}
	if r.gigabytes > 0 {
		fmt.Fprintf(&b, "| a bare read loop over the file: %.1f GB/s, passes/s | %s | | | |\n", r.gigabytes, number(r.gigabytes*1e9/float64(r.size)))
	}
	return b.String()
}

// quotients divides two lists, repeat by repeat.
func quotients(a, b []float64) (q []float64) {
	for i := range min(len(a), len(b)) {
		q = append(q, a[i]/b[i])
	}
	return q
}

// span shows the least and the most.
func span(x []float64) string {
	return number(slices.Min(x)) + " to " + number(slices.Max(x))
}

// number shows three digits or more.
func number(x float64) string {
	switch {
	case x >= 100:
		return fmt.Sprintf("%.0f", x)
	case x >= 10:
		return fmt.Sprintf("%.1f", x)
	case x >= 1:
		return fmt.Sprintf("%.2f", x)
	}
	return fmt.Sprintf("%.3f", x)
}
