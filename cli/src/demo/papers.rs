//! Papers: the files of the story. A signed report, measured values and a recorded call, all made
//! up here byte by byte.

use daybook_core::decide::command::AttachFile;
use daybook_core::event::attachment::{AttachmentId, MediaType};
use daybook_core::event::interaction::{
    Correspondence, Direction, InteractionChannel, InteractionRecorded,
};
use daybook_core::event::{Section, StreamId, Subject};
use daybook_core::time::Date;

use super::calendar::{Moment, day, plus_minutes};
use super::dice::Dice;
use super::pen::{Party, Pen, text, user};
use super::{Paper, StoryError};

/// The customer whose visit has two files: a report and a table.
pub const VISIT_WITH_FILES: &str = "C-1003";
/// The customer whose call was recorded.
pub const RECORDED_CALL: &str = "C-1005";

/// Tells what was said on the occasions that have files, and attaches the files.
pub(super) fn tell(pen: &mut Pen, parties: &[Party]) -> Result<(), StoryError> {
    let of = |code: &str| parties.iter().find(|party| party.code.as_str() == code);
    let mut dice = Dice::new(pen.seed().wrapping_add(0x9a9e5));
    if let Some(party) = of(VISIT_WITH_FILES) {
        let said = "看了现场,量了主轴跳动 / saw the site, measured the spindle's run-out";
        let report = pdf("Site report", &["Spindle run-out within limits.", "Signed: both sides"]);
        let table = measured(&mut dice);
        let visit = (InteractionChannel::VisitOut, day(2025, 1, 22), said);
        let files = [
            ("现场报告 site-report.pdf", "application/pdf", report),
            ("run-out.csv", "text/csv; charset=utf-8", table.clone()),
        ];
        occasion(pen, party, visit, files.into())?;
        let said = "客户要数据原表 / asked for the table again";
        let mail = (InteractionChannel::Email, day(2025, 2, 6), said);
        occasion(pen, party, mail, vec![("run-out.csv", "text/csv; charset=utf-8", table)])?;
    }
    if let Some(party) = of(RECORDED_CALL) {
        let said = "电话订货,有录音 / ordered by phone, recorded";
        let call = (InteractionChannel::Phone, day(2025, 1, 15), said);
        let files = vec![("call-20250115.wav", "audio/x-wav", tone(&mut dice))];
        occasion(pen, party, call, files)?;
    }
    Ok(())
}

type File = (&'static str, &'static str, Vec<u8>);

/// Tells one occasion and attaches its files in the same unit.
fn occasion(
    pen: &mut Pen,
    party: &Party,
    (channel, on, said): (InteractionChannel, Date, &str),
    files: Vec<File>,
) -> Result<(), StoryError> {
    let moment = Moment::on(on, 14 * 60 + 20);
    let said = Correspondence { summary: Some(text(said)?), place: None, next_step: None };
    let recorded = InteractionRecorded {
        interaction: text(&format!("I-FILES-{}", on.0))?,
        channel,
        direction: Direction::Out,
        started_at: plus_minutes(moment.effective, -40),
        ended_at: Some(moment.effective),
        contacts: Vec::new(),
        unknown_caller: true,
        staff: vec![user(party.owner)?],
        about: None,
        verdict: None,
        kind: None,
        cost: None,
        correspondence: Some(Section::Open(said)),
        mail: None,
    };
    let mut unit = vec![pen.request(moment, party, recorded)?];
    let mut papers = Vec::with_capacity(files.len());
    for (name, media_type, content) in files {
        let media_type = MediaType::new(media_type)?;
        let attach = AttachFile {
            attachment: AttachmentId::default(),
            event: None,
            subject: Subject::Customer,
            media_type: media_type.clone(),
            name: Some(text(name)?),
            note: None,
        };
        let stream = StreamId::Customer(party.code.clone());
        papers.push(Paper { request: unit.len(), stream, media_type, content });
        unit.push(pen.request(moment, party, attach)?);
    }
    pen.submit(moment.recorded, party.owner, unit)?;
    pen.enclose(papers);
    Ok(())
}

/// A table of values measured in micrometres.
fn measured(dice: &mut Dice) -> Vec<u8> {
    let mut table = String::from("position,run_out_um\r\n");
    for position in 1..=48 {
        table.push_str(&format!("{position},{}\r\n", dice.between(2, 9)));
    }
    table.into_bytes()
}

/// A page with a few lines, in the form of PDF 1.4.
fn pdf(title: &str, lines: &[&str]) -> Vec<u8> {
    let mut shown = format!("BT /F1 18 Tf 72 770 Td ({title}) Tj /F1 11 Tf");
    for line in lines {
        shown.push_str(&format!(" 0 -24 Td ({line}) Tj"));
    }
    shown.push_str(" ET");
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R \
         /Resources << /Font << /F1 5 0 R >> >> >>"
            .to_owned(),
        format!("<< /Length {} >>\nstream\n{shown}\nendstream", shown.len()),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_owned(),
    ];
    let mut file = String::from("%PDF-1.4\n");
    let mut table = String::from("0000000000 65535 f \n");
    for (number, object) in (1..).zip(&objects) {
        table.push_str(&format!("{:010} 00000 n \n", file.len()));
        file.push_str(&format!("{number} 0 obj\n{object}\nendobj\n"));
    }
    let (count, at) = (objects.len() + 1, file.len());
    file.push_str(&format!("xref\n0 {count}\n{table}"));
    file.push_str(&format!("trailer\n<< /Size {count} /Root 1 0 R >>\nstartxref\n{at}\n%%EOF\n"));
    file.into_bytes()
}

/// Two seconds of sound: 8,000 samples a second of 8 bits, in the form of RIFF.
fn tone(dice: &mut Dice) -> Vec<u8> {
    const RATE: u32 = 8000;
    let mut samples = Vec::with_capacity(2 * RATE as usize);
    while samples.len() < 2 * RATE as usize {
        let half = dice.between(6, 20);
        let rising = (0..half).map(|at| at * 200 / half);
        let falling = (0..half).map(|at| 200 - at * 200 / half);
        samples.extend(rising.chain(falling).map(|level| 28 + u8::try_from(level).unwrap_or(200)));
    }
    samples.truncate(2 * RATE as usize);
    let size = samples.len() as u32;
    let mut file = b"RIFF".to_vec();
    file.extend_from_slice(&(36 + size).to_le_bytes());
    file.extend_from_slice(b"WAVEfmt ");
    file.extend_from_slice(&16u32.to_le_bytes());
    for (wide, value) in [(2, 1), (2, 1), (4, RATE), (4, RATE), (2, 1), (2, 8)] {
        file.extend_from_slice(value.to_le_bytes().split_at(wide).0);
    }
    file.extend_from_slice(b"data");
    file.extend_from_slice(&size.to_le_bytes());
    file.extend_from_slice(&samples);
    file
}
