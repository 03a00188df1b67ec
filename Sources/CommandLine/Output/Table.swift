/// Text in columns: as wide as their widest cell, two blanks apart.
struct Table {
    var header: [String]
    /// So many columns are shown at any rate, those after them with `--output wide`; nil: all.
    var narrow: Int?
    var rows: [[String]] = []

    func lines(isWide: Bool = false) -> [String] {
        let all = [header] + rows
        let shown = header.indices.prefix(isWide ? header.count : narrow ?? header.count)
        let widths = shown.map { column in all.map { $0[column].count }.max() ?? 0 }
        return all.map { row in
            let cells = zip(row, widths).map { cell, width in cell + String(repeating: " ", count: width - cell.count) }
            let line = cells.joined(separator: "  ")
            return String(line.reversed().drop { $0 == " " }.reversed())
        }
    }
}
