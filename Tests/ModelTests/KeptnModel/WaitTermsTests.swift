import CloudEvents
import KeptnModel
import Testing

@Suite struct WaitTermsTests {
    static let start = Timestamp(seconds: 1_700_000_000)

    @Test(
        "The end follows from the duration or is the instant",
        arguments: [
            (#"{"duration":"30m"}"#, "2023-11-14T22:43:20.000Z"),
            (#"{"duration":"1h30m","until":""}"#, "2023-11-14T23:43:20.000Z"),
            (#"{"until":"2023-12-24T18:00:00+01:00"}"#, "2023-12-24T17:00:00.000Z"),
            (#"{"until":"2001-02-03T04:05:06Z","duration":null}"#, "2001-02-03T04:05:06.000Z"),
        ])
    func ends(properties: String, end: String) throws {
        let terms = try WaitTerms(properties: try JSON(parsing: properties))
        #expect(try terms.end(triggeredAt: Self.start).rfc3339 == end)
    }

    @Test(
        "What cannot be used is said with the value and what is needed",
        arguments: [
            ("{}", "wait needs a property: duration, such as 30m, or until, such as 2026-12-24T18:00:00Z"),
            (#"{"duration":"1h","until":"2026-12-24T18:00:00Z"}"#, "wait takes either duration or until, and has both"),
            (#"{"duration":"-1h"}"#, "wait.duration is '-1h'; a duration such as 30s, 10m or 1h30m is needed"),
            (#"{"duration":5}"#, "wait.duration is '5'; a duration such as 30s, 10m or 1h30m is needed"),
            (#"{"duration":"9000h"}"#, "wait.duration is '9000h'; 8784h0m0s is the most"),
            (#"{"until":"Christmas"}"#, "wait.until is 'Christmas'; an instant such as 2026-12-24T18:00:00Z is needed"),
            (
                #"{"until":"2030-01-01T00:00:00Z"}"#,
                "wait.until is '2030-01-01T00:00:00.000Z'; a wait takes 366 days at most"
            ),
        ])
    func mistakes(properties: String, message: String) throws {
        let properties = try JSON(parsing: properties)
        let error = #expect(throws: UnusableProperty.self) {
            try WaitTerms(properties: properties).end(triggeredAt: Self.start)
        }
        #expect(error?.description == message)
    }
}
