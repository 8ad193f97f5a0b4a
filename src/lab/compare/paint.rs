//! Tables and charts as HTML. All text is escaped; places and widths are numbers.

use std::fmt::{self, Write};

use super::charts::Chart;
use super::tables::{Entry, Table};

/// Head and bodies of a table: one body for each of the note's rows.
pub fn table(table: &Table) -> String {
    let mut html = String::new();
    // Writing into a text cannot fail.
    let _ = write_table(&mut html, table);
    html
}

fn write_table(html: &mut String, table: &Table) -> fmt::Result {
    write!(html, "<caption><span>{}</span></caption><thead><tr><td></td>", Escaped(table.title))?;
    for column in &table.columns {
        write!(html, "<th scope=\"col\">{}</th>", Escaped(column))?;
    }
    html.push_str("</tr></thead>");
    let mut group = "";
    for row in &table.rows {
        if row.group != group {
            if !group.is_empty() {
                html.push_str("</tbody>");
            }
            let span = 1 + table.columns.len();
            write!(
                html,
                "<tbody><tr class=\"part\"><th scope=\"rowgroup\" colspan=\"{span}\"><span>{}</span></th></tr>",
                Escaped(row.group)
            )?;
            group = row.group;
        }
        write!(html, "<tr><th scope=\"row\">{}</th>", Escaped(row.name))?;
        row.entries.iter().try_for_each(|entry| write_entry(html, entry))?;
        html.push_str("</tr>");
    }
    if !group.is_empty() {
        html.push_str("</tbody>");
    }
    Ok(())
}

/// Words longer than this are set as text, not as a figure.
const SHORT: usize = 14;

fn write_entry(html: &mut String, entry: &Entry) -> fmt::Result {
    let class = match entry.text.chars().count() {
        length if entry.words && length > SHORT => " class=\"said\"",
        _ if entry.words => " class=\"word\"",
        _ => "",
    };
    write!(html, "<td{class}>{}", Escaped(&entry.text))?;
    if !entry.spread.is_empty() {
        write!(html, "<small>{}</small>", Escaped(&entry.spread))?;
    }
    html.push_str("</td>");
    Ok(())
}

/// All charts, as figures.
pub fn charts(charts: &[Chart]) -> String {
    let mut html = String::new();
    // Writing into a text cannot fail.
    let _ = charts.iter().try_for_each(|chart| write_chart(&mut html, chart));
    html
}

fn write_chart(html: &mut String, chart: &Chart) -> fmt::Result {
    write!(
        html,
        "<figure class=\"cells\" data-chart=\"{}\"><figcaption>{} <span>whole width: {}</span></figcaption><ul>",
        chart.id,
        Escaped(chart.title),
        Escaped(&chart.top)
    )?;
    for bar in &chart.bars {
        write!(
            html,
            "<li><span class=\"cell-name\">{}</span><span class=\"track\">",
            Escaped(&bar.label)
        )?;
        if let Some(on_to) = bar.on_to {
            write!(html, "<i class=\"on\" style=\"width:{:.2}%\"></i>", 100.0 * on_to)?;
        }
        write!(html, "<i class=\"to\" style=\"width:{:.2}%\"></i>", 100.0 * bar.to)?;
        if let Some((least, most)) = bar.whisker {
            let (left, width) = (100.0 * least, 100.0 * (most - least));
            write!(html, "<i class=\"whisker\" style=\"left:{left:.2}%;width:{width:.2}%\"></i>")?;
        }
        write!(html, "</span><span class=\"cell-figure\">{}</span></li>", Escaped(&bar.text))?;
    }
    html.push_str("</ul></figure>");
    Ok(())
}

/// Text that is no markup.
struct Escaped<'a>(&'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.0.chars() {
            match character {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                other => f.write_char(other)?,
            }
        }
        Ok(())
    }
}

/// The options of a select: value and text are alike.
pub fn options<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let option = |name: &str| format!("<option>{}</option>", Escaped(name));
    names.into_iter().map(option).collect()
}

#[cfg(test)]
mod tests {
    use super::super::charts::Bar;
    use super::super::tables::Row;
    use super::*;

    #[test]
    fn a_table_has_a_body_for_each_group_and_escapes_what_it_says() {
        let entry = |text: &str, spread: &str, words| Entry {
            text: text.into(),
            spread: spread.into(),
            words,
        };
        let row = |group, name, entry| Row {
            group,
            name,
            entries: vec![entry],
        };
        let html = table(&Table {
            id: "t",
            title: "T",
            columns: vec!["<b> & \"c\"".into()],
            rows: vec![
                row("One", "x", entry("1", "1 to 2", false)),
                row("One", "y", entry("–", "", true)),
                row("Two", "z", entry("words that are longer", "", true)),
            ],
        });
        assert_eq!(html.matches("<tbody>").count(), 2);
        assert_eq!(html.matches("</tbody>").count(), 2);
        assert!(html.contains("<th scope=\"col\">&lt;b&gt; &amp; &quot;c&quot;</th>"), "{html}");
        assert!(html.contains("<th scope=\"row\">x</th><td>1<small>1 to 2</small></td>"), "{html}");
        assert!(html.contains("<td class=\"word\">–</td>") && html.contains("<td class=\"said\">words that are longer</td>"));
    }

    #[test]
    fn bars_have_their_widths() {
        let html = charts(&[Chart {
            id: "lost",
            title: "Lost",
            top: "3 %".into(),
            bars: vec![Bar {
                label: "ring".into(),
                to: 0.25,
                on_to: Some(0.5),
                whisker: Some((0.4, 0.65)),
                text: "1 %".into(),
            }],
        }]);
        assert!(html.contains("class=\"to\" style=\"width:25.00%\""), "{html}");
        assert!(html.contains("class=\"on\" style=\"width:50.00%\""), "{html}");
        assert!(html.contains("class=\"whisker\" style=\"left:40.00%;width:25.00%\""), "{html}");
    }

    #[test]
    fn options_are_escaped() {
        assert_eq!(options(["a", "b<"]), "<option>a</option><option>b&lt;</option>");
    }
}
