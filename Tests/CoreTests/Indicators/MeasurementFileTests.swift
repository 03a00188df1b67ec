import CloudEvents
import KeptnModel
import Testing

@testable import Core

@Suite("Measurements in a file")
struct MeasurementFileTests {
    private static let (start, end) = (Timestamp(seconds: 1000), Timestamp(seconds: 2000))

    private static func file(_ text: String, _ format: MeasurementFile.Format) throws -> MeasurementFile {
        try MeasurementFile(Array(text.utf8), format: format, from: start, to: end)
    }

    private static let csv = """
        time,latency,"error, rate",unused
        999,1000,1,
        1000,10,0,\r
        1970-01-01T00:20:00Z,20,0.5,
        2000,30,1,

        2001,5000,1,
        """

    @Test(
        "A number of the rows in the window",
        arguments: [
            ("latency", 20), ("avg(latency)", 20), ("min(latency)", 10), ("max( latency )", 30), ("sum(latency)", 60),
            ("count(latency)", 3), ("last(latency)", 30), ("p50(latency)", 20), ("p99.9(latency)", 30),
            ("error, rate", 0.5),
        ] as [(String, Double)])
    func csv(_ query: String, _ expected: Double) throws {
        let value = try Self.file(Self.csv, .csv).value("x", query, wantsSamples: true)
        #expect(value.success, "\(value.message)")
        #expect(value.metric == "x" && value.value == expected)
        #expect(value.samples.count == 3)
    }

    @Test("JSON is one object of numbers and lists, or a list of rows")
    func json() throws {
        let object = try Self.file(#"{"latency": [10, 20, "30"], "errors": 2, "none": null}"#, .json)
        #expect(object.value("x", "p50(latency)", wantsSamples: false).value == 20)
        #expect(object.value("x", "errors", wantsSamples: false).value == 2)
        let rows = try Self.file(#"[{"time": 1500, "latency": 1}, {"time": 3000, "latency": 9}]"#, .json)
        #expect(rows.value("x", "latency", wantsSamples: true).samples == [1])
    }

    @Test("What is not there, and what was not in the window, is a failure that says so")
    func missing() throws {
        let file = try Self.file("time,a,b\n1500,1,\n1600,2,\n", .csv)
        let unknown = file.value("x", "c", wantsSamples: false)
        #expect(!unknown.success && unknown.message == "no data: the file has no metric 'c'; it has a, b")
        #expect(file.value("x", "b", wantsSamples: false).message.contains("no value of 'b' in this window"))
        #expect(file.value("x", "median(a)", wantsSamples: false).message.contains("'median(a)' is none of"))
    }

    @Test(
        "A file that is none is refused with the place",
        arguments: [
            ("", MeasurementFile.Format.csv, "the file is empty"), ("a,b\n1\n", .csv, "row 2 has 1 fields"),
            ("a\nfast\n", .csv, #"row 2: the metric a is "fast", no number; each column is a metric"#),
            ("a\n\"1\n", .csv, "quotation mark is not closed"),
            ("time,a\nnoon,1\n", .csv, #"row 2: time is "noon""#), ("{", .json, "the file is no JSON"),
            ("7", .json, "neither an object nor a list"), (#"[1]"#, .json, "row 1 is no object"),
            (#"{"a": true}"#, .json, "row 1: the metric a is true, no number; each"), ("a\nNaN\n", .csv, "no number"),
        ])
    func refused(_ text: String, _ format: MeasurementFile.Format, _ reason: String) {
        let error = #expect(throws: EvaluationError.self) { try Self.file(text, format) }
        #expect(error?.description.contains(reason) == true, "\(error?.description ?? "")")
    }
}
