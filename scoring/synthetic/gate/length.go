package gate

// Length reports whether a text of so many words is between low and high.
func Length(words, low, high int) bool { return low <= words && words <= high }
