# From GitHub's markdown to Doxygen's, which lacks dollars around formulas and links to files that
# are no page: those become plain text.
/^```math$/,/^```$/ {
  s/^```math$/\\f[/
  s/^```$/\\f]/
  b
}
/^```/,/^```$/ b
s/\$([^$`]+)\$/\\f$\1\\f$/g
s/\]\((https?:[^)]*|#[^)]*|[^)]*\.md(#[^)]*)?|[^)]*\.(svg|png))\)/]\x01\1\x02/g
s/\[([^][]+)\]\([^)]*\)/\1/g
s/\x01/(/g
s/\x02/)/g
