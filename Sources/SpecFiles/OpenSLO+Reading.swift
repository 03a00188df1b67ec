package import KeptnModel

extension SpecFiles {
    private static let openSLODocumentsMax = 200

    /// The objectives in a file of OpenSLO version 1, which may have several documents; those of other kinds than SLO
    /// and SLI are left out with a warning. An SLO may refer to an SLI of the same file.
    package static func openSLOs(_ bytes: [UInt8], file: String) throws(InvalidFile) -> Parsed<[OpenSLO]> {
        let documents = try documents(bytes, file: file)
        var (found, warnings): ([OpenSLO], [Diagnostic]) = ([], [])
        var indicators: [String: OpenSLO.Indicator] = [:]
        for document in documents {
            guard let parsed = try openSLO(document, file: file, { OpenSLO.namedIndicator($0) }) else { continue }
            for (name, indicator) in parsed.value { indicators[name] = indicator }
            warnings += parsed.warnings
        }
        for document in documents {
            guard let parsed = try openSLO(document, file: file, { OpenSLO.reading($0, indicators) }) else { continue }
            found += parsed.value
            warnings += parsed.warnings
        }
        return Parsed(value: found, warnings: warnings)
    }

    private static func openSLO<Value: Sendable>(
        _ bytes: [UInt8], file: String, _ body: (Place) -> Value
    ) throws(InvalidFile) -> Parsed<Value>? {
        let parsed = try readOptional(bytes, file: file, body)
        return parsed.value.map { Parsed(value: $0, warnings: parsed.warnings) }
    }

    /// Each document of a file by itself, behind so many empty lines that its line numbers stay true.
    private static func documents(_ bytes: [UInt8], file: String) throws(InvalidFile) -> [[UInt8]] {
        guard bytes.count <= bytesMax else { return [bytes] }
        let newline = UInt8(ascii: "\n")
        var documents: [[UInt8]] = [[]]
        var lines = 0
        for line in bytes.split(separator: newline, omittingEmptySubsequences: false) {
            if line.starts(with: "---".utf8) {
                guard documents.count < openSLODocumentsMax else {
                    throw InvalidFile([
                        Diagnostic(
                            file: file, line: lines + 1, column: 1,
                            message: "the file has more than \(openSLODocumentsMax) documents")
                    ])
                }
                documents.append([UInt8](repeating: newline, count: lines + 1))
            } else {
                documents[documents.count - 1] += line + [newline]
            }
            lines += 1
        }
        return documents
    }
}

extension OpenSLO {
    private static func kind(_ root: Place) -> (kind: String, fields: Fields) {
        let file = root.fields(["apiVersion", "kind", "metadata", "spec"])
        if let version = file.required("apiVersion"), version.text() != "openslo/v1" { version.mismatch("openslo/v1") }
        return (file.required("kind")?.text() ?? "", file)
    }

    private static let metadata = ["name", "displayName", "labels", "annotations"]

    /// The indicator of a document of kind SLI.
    fileprivate static func namedIndicator(_ root: Place) -> [(String, Indicator)] {
        let (kind, file) = kind(root)
        guard kind == "SLI" else { return [] }
        let name = file.required("metadata")?.fields(metadata).required("name")?.text() ?? ""
        return file.required("spec").flatMap(Indicator.init(reading:)).map { [(name, $0)] } ?? []
    }

    /// The objectives of a document of kind SLO; no error for another kind.
    fileprivate static func reading(_ root: Place, _ known: [String: Indicator]) -> [OpenSLO] {
        let (kind, file) = kind(root)
        guard kind == "SLO" else {
            if kind != "SLI" { root.warning("kind '\(shortened(kind))' is left out; SLO and SLI are imported") }
            return []
        }
        let about = file.required("metadata")?.fields(metadata)
        let spec = file.required("spec")?.fields([
            "description", "service", "indicator", "indicatorRef", "timeWindow", "budgetingMethod", "objectives",
            "alertPolicies",
        ])
        guard let spec else { return [] }
        var indicator: Indicator?
        if let place = spec["indicator"] {
            indicator = place.fields(["metadata", "spec"]).required("spec").flatMap(Indicator.init(reading:))
        } else if let reference = spec["indicatorRef"] {
            indicator = known[reference.text()]
            if indicator == nil { reference.error("there is no SLI '\(shortened(reference.text()))' in this file") }
        } else {
            spec.place.error("\(spec.place.name) has neither 'indicator' nor 'indicatorRef'")
        }
        let method = spec.required("budgetingMethod")
        let budgeting = method.flatMap { Budgeting(rawValue: $0.text()) }
        if let method, budgeting == nil {
            method.mismatch("one of \(Budgeting.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        spec["timeWindow"]?.warning("'timeWindow' is left out: a gate looks at the window of its evaluation")
        let needsBound = if case .threshold? = indicator { true } else { false }
        let objectives = (spec.required("objectives")?.elements() ?? []).compactMap {
            Objective(reading: $0, needsBound: needsBound, needsSlice: budgeting != .occurrences)
        }
        guard let indicator, let budgeting else { return [] }
        return [
            OpenSLO(
                name: about?.required("name")?.text() ?? "", displayName: about?["displayName"]?.text() ?? "",
                service: spec["service"]?.text() ?? "", indicator: indicator, budgeting: budgeting,
                objectives: objectives)
        ]
    }
}

extension OpenSLO.Indicator {
    fileprivate init?(reading place: Place) {
        let fields = place.fields(["description", "thresholdMetric", "ratioMetric"])
        if let threshold = fields["thresholdMetric"] {
            guard let query = OpenSLO.Query(reading: threshold) else { return nil }
            self = .threshold(query)
            return
        }
        guard let place = fields["ratioMetric"] else {
            place.error("\(place.name) has neither 'thresholdMetric' nor 'ratioMetric'")
            return nil
        }
        let ratio = place.fields(["counter", "good", "bad", "total", "raw", "rawType"])
        if let raw = ratio["raw"] {
            ratio["rawType"]?.expectWord(["success", "failure"])
            guard let query = OpenSLO.Query(reading: raw) else { return nil }
            self = .share(query, isGood: ratio["rawType"]?.text() != "failure")
            return
        }
        guard let part = ratio["good"] ?? ratio["bad"] else {
            place.error("\(place.name) has neither 'good' nor 'bad'")
            return nil
        }
        let total = ratio.required("total")
        guard let part = OpenSLO.Query(reading: part), let total = total.flatMap({ OpenSLO.Query(reading: $0) }) else {
            return nil
        }
        self = .ratio(
            part: part, isGood: ratio["good"] != nil, total: total, countsUp: ratio["counter"]?.boolean() ?? false)
    }
}

extension OpenSLO.Query {
    fileprivate init?(reading place: Place) {
        let source = place.fields(["metricSource"]).required("metricSource")?
            .fields(["metricSourceRef", "type", "spec"])
        guard let source, let spec = source.required("spec") else { return nil }
        let fields = spec.fields(["query"], orWhere: { _ in true })
        guard let query = fields.required("query") else { return nil }
        self.init(source: source["type"]?.text() ?? "", text: query.text())
    }
}

extension OpenSLO.Objective {
    fileprivate init?(reading place: Place, needsBound: Bool, needsSlice: Bool) {
        let fields = place.fields([
            "displayName", "op", "value", "target", "targetPercent", "timeSliceTarget", "timeSliceWindow",
        ])
        func share(_ key: String, _ percent: Bool = false) -> Double? {
            fields[key].map { $0.number(in: 0...(percent ? 100 : 1)) / (percent ? 100 : 1) }
        }
        let comparison = fields["op"].flatMap { place in
            let known = Comparison(rawValue: place.text())
            if known == nil { place.mismatch("one of lt, lte, gt, gte") }
            return known
        }
        let bound = fields["value"]?.number(in: -1e300...1e300)
        if needsBound { _ = (fields.required("op"), fields.required("value")) }
        if needsSlice { _ = fields.required("timeSliceWindow") }
        guard let target = share("target") ?? share("targetPercent", true) else {
            place.error("\(place.name) has no 'target'")
            return nil
        }
        guard target > 0, target < 1 else {
            (fields["target"] ?? fields["targetPercent"])?.mismatch("a share between 0 and 1: the rest is the budget")
            return nil
        }
        self.init(
            displayName: fields["displayName"]?.text() ?? "", comparison: comparison, bound: bound, target: target,
            sliceTarget: share("timeSliceTarget"), sliceWindow: fields["timeSliceWindow"]?.positiveDuration())
    }
}
