package import CloudEvents
import GoTemplate
import KeptnModel

/// Measurements that a CI job has written down: a table in CSV (RFC 4180) or JSON.
///
/// Each column is a metric, each row a measurement; a column `time` says when, and rows outside the window are left
/// out. JSON is either one object `{"metric": number or [numbers]}` or a list of such rows.
package struct MeasurementFile: Sendable {
    private var columns: [String: [Double]] = [:]
    /// All metrics of the file, in their order, also of rows outside the window.
    private var names: [String] = []
    private var count = 0

    /// So many values are read.
    package static let valuesMax = 1_000_000

    package enum Format: Sendable { case csv, json }

    /// Throws for a file that is no such table, with the place.
    package init(
        _ bytes: [UInt8], format: Format, from start: Timestamp, to end: Timestamp
    ) throws(EvaluationError) {
        switch format {
        case .json: try read(json: bytes, start...end)
        case .csv: try read(csv: bytes, start...end)
        }
    }

    // MARK: Reading

    private mutating func read(csv bytes: [UInt8], _ window: ClosedRange<Timestamp>) throws(EvaluationError) {
        let rows = try Self.rows(String(decoding: bytes, as: UTF8.self))
        guard let header = rows.first else { throw EvaluationError("the file is empty") }
        for (number, row) in rows.enumerated().dropFirst() {
            guard row.count == header.count else {
                throw EvaluationError("row \(number + 1) has \(row.count) fields, the header has \(header.count)")
            }
            try add(Array(zip(header, row.map { $0.isEmpty ? JSON.null : JSON.string($0) })), window, row: number + 1)
        }
        names = header.filter { $0 != "time" }
    }

    private mutating func read(json bytes: [UInt8], _ window: ClosedRange<Timestamp>) throws(EvaluationError) {
        let document: JSON
        do throws(JSONError) {
            document = try JSON(parsing: bytes)
        } catch {
            throw EvaluationError("the file is no JSON: \(error)")
        }
        switch document.kind {
        case .object: try add(document.members.map { ($0.key, $0.value) }, window, row: 1)
        case .array:
            for (number, row) in document.elements.enumerated() {
                guard row.kind == .object else {
                    throw EvaluationError("row \(number + 1) is no object but \(row.kind)")
                }
                try add(row.members.map { ($0.key, $0.value) }, window, row: number + 1)
            }
        default: throw EvaluationError("the file has neither an object nor a list of objects, but \(document.kind)")
        }
    }

    private mutating func add(
        _ fields: [(String, JSON)], _ window: ClosedRange<Timestamp>, row: Int
    ) throws(EvaluationError) {
        for (name, value) in fields where name != "time" && columns[name] == nil {
            columns[name] = []
            if !value.isNull { names.append(name) }
        }
        if let time = fields.first(where: { $0.0 == "time" })?.1 {
            guard let instant = Self.time(time) else {
                throw EvaluationError(
                    "row \(row): time is \(time); a time such as 2026-01-31T12:00:00Z or seconds since 1970 are needed")
            }
            guard window.contains(instant) else { return }
        }
        for (name, value) in fields where name != "time" && !value.isNull {
            let list = value.kind == .array ? value.elements : [value]
            for value in list {
                let number = value.doubleValue ?? value.stringValue.flatMap { Double($0) }
                guard let number, number.isFinite else {
                    throw EvaluationError(
                        "row \(row): the metric \(name) is \(value), no number; each column is a metric")
                }
                columns[name, default: []].append(number)
                count += 1
            }
        }
        guard count <= Self.valuesMax else { throw EvaluationError("the file has more than \(Self.valuesMax) values") }
    }

    private static func time(_ value: JSON) -> Timestamp? {
        let text = value.stringValue ?? value.text
        if let seconds = Double(text), seconds.magnitude < 9e9 {
            return Timestamp(nanoseconds: Int64((seconds * 1e9).rounded()))
        }
        return Timestamp(rfc3339: text)
    }

    /// Rows of fields; a field in quotation marks may hold commas, line ends and doubled quotation marks.
    private static func rows(_ text: String) throws(EvaluationError) -> [[String]] {
        var rows: [[String]] = []
        var row: [String] = []
        var field = ""
        var isQuoted = false
        func endOfRow() {
            row.append(field)
            if row != [""] { rows.append(row) }
            (row, field) = ([], "")
        }
        var characters = Array(text.unicodeScalars)[...]
        if characters.first == "\u{FEFF}" { characters = characters.dropFirst() }
        while let next = characters.popFirst() {
            switch next {
            case "\"" where isQuoted && characters.first == "\"":
                field.unicodeScalars.append("\"")
                characters = characters.dropFirst()
            case "\"" where isQuoted || field.isEmpty: isQuoted.toggle()
            case _ where isQuoted: field.unicodeScalars.append(next)
            case ",":
                row.append(field)
                field = ""
            case "\r": break
            case "\n": endOfRow()
            default: field.unicodeScalars.append(next)
            }
        }
        guard !isQuoted else { throw EvaluationError("row \(rows.count + 1): a quotation mark is not closed") }
        endOfRow()
        return rows
    }

    // MARK: Values

    /// What an indicator stands for: `METRIC`, or one number of many: `avg(METRIC)`, `min`, `max`, `sum`, `count`,
    /// `last`, `p50` to `p99.9`. A metric alone is its average.
    package func value(_ indicator: String, _ query: String, wantsSamples: Bool) -> SLIValue {
        var (function, metric) = ("avg", query)
        if columns[query] == nil, let open = query.firstIndex(of: "("), query.hasSuffix(")") {
            function = query[..<open].filter { $0 != " " }
            metric = query[query.index(after: open)...].dropLast().filter { $0 != " " }
        }
        func failed(_ reason: String) -> SLIValue {
            SLIValue(metric: indicator, value: 0, success: false, message: reason)
        }
        guard let values = columns[metric] else {
            return failed("no data: the file has no metric '\(metric)'; it has \(names.joined(separator: ", "))")
        }
        guard !values.isEmpty else { return failed("no data: the file has no value of '\(metric)' in this window") }
        guard let value = Self.aggregate(values, function) else {
            return failed(
                "'\(query)' is none of METRIC, avg(METRIC), min, max, sum, count, last and p0 to p100 of it")
        }
        guard value.isFinite else { return failed("'\(query)' is \(value), no number") }
        return SLIValue(metric: indicator, value: value, samples: wantsSamples ? values : [])
    }

    private static func aggregate(_ values: [Double], _ function: String) -> Double? {
        switch function {
        case "avg": values.reduce(0, +) / Double(values.count)
        case "min": values.min()
        case "max": values.max()
        case "sum": values.reduce(0, +)
        case "count": Double(values.count)
        case "last": values.last
        default:
            if function.hasPrefix("p"), let percent = Double(function.dropFirst()), (0...100).contains(percent) {
                ComparisonRule.Aggregate.percentile(percent / 100, of: values)
            } else {
                nil
            }
        }
    }
}
