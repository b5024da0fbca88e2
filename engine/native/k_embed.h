/* k_embed.h - a row of a matrix as floats. Included after k_gemm.h, whose pack it uses. */

/* An embedding row: out[D] = w · d, or w · d + m, times scale where it is not 0; the first products are exact. SPEC.md section 3. */
static void embed(const struct eng_matrix *m, int row, float scale, float *out, uint8_t *panel)
{
	const int r = row % GROUP, kind = kind_of(m->type);
	const int wide = kind == BYTES || kind == HALVES, zero = panel_zero(kind);
	pack(m, row / GROUP, panel);
	for (int b = 0; b < m->blocks; b++, panel += PANEL_BLOCK, out += BLOCK) {
		const float *scales = (const float *)(const void *)(panel + PANEL_SCALES) + r;
		for (int i = 0; i < BLOCK; i++) {
			const uint8_t w = panel[64 * (i / 4) + 4 * r + i % 4];
			float y = (float)(zero || !wide ? w - zero : (int8_t)w) * scales[kind == HALVES && i >= 16 ? GROUP : 0];
			if (kind == MINIMA)
				y = y + scales[GROUP];
			out[i] = scale != 0 ? y * scale : y;
		}
	}
}
