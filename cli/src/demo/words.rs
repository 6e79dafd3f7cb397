//! Sentences. `{p}` stands for a product; everything else is written out, so that each reads
//! naturally in its language.

use super::cast::{Product, Tongue};
use super::dice::Dice;

/// What is said on the phone or in writing.
const ZH_REMOTE: [&str; 15] = [
    "确认了{p}的交期,客户希望能提前一周。",
    "客户询问{p}的备件价格,已答应今天下班前把清单发过去。",
    "对方采购说预算要等季度会之后才定,约好下月初再联系。",
    "介绍了{p}的新配置,客户对刚性和精度比较关心。",
    "发送了{p}的样本和测试报告,等待对方技术部反馈。",
    "客户反映最近订单减少,新设备采购会放慢。",
    "提醒客户上一期款项快到期,对方财务答应月底安排。",
    "试切样件已寄出,客户三坐标检测全部合格。",
    "客户想了解{p}能否加装自动上下料,已请技术部出方案。",
    "节日问候,客户表示节后会确定{p}的数量。",
    "客户说竞争对手报价低百分之八,但交期要三个月。",
    "沟通了{p}的图纸修改意见,明天给出新版。",
    "客户邀请我们参加他们的供应商大会,已确认参加。",
    "确认收货地址变更到新厂区,联系人不变。",
    "客户对上次服务工程师的态度表示感谢。",
];
const EN_REMOTE: [&str; 15] = [
    "Settled the delivery date of the {p}; they would like it a week earlier.",
    "Asked for spare part prices for the {p}. Promised the list by tonight.",
    "Purchasing says the budget is decided after the quarterly meeting; call again next month.",
    "Presented the new options for the {p}; stiffness and accuracy matter most to them.",
    "Sent the data sheet and the test report of the {p}; their engineers will comment.",
    "Orders are slow on their side, so new equipment will have to wait a little.",
    "Reminded them of the invoice that is due soon; accounts will pay by month end.",
    "The sample parts arrived and all dimensions were within tolerance.",
    "They want to know whether the {p} can be loaded by a robot; engineering will propose something.",
    "Season's greetings. They will settle the quantity of the {p} after the holidays.",
    "A competitor quoted eight percent less, but with three months of lead time.",
    "Went through the drawing of the {p}; a new revision follows tomorrow.",
    "Invited to their supplier day in autumn, which we accepted.",
    "Delivery address changes to the new plant, same contact as before.",
    "They thanked us for the patience of our service engineer last week.",
];
/// What is said when we are there.
const ZH_THERE: [&str; 6] = [
    "拜访车间,{p}运行正常,操作工反映比旧设备快了不少。",
    "一起吃了工作餐,聊到他们明年要扩建二期厂房。",
    "对方换了采购负责人,重新介绍了合作历史和付款方式。",
    "回访安装情况,地基和电源都按要求准备好了。",
    "现场测量了安装空间,{p}需要旋转九十度摆放。",
    "讨论了年度框架协议,客户希望按季度结算。",
];
const EN_THERE: [&str; 6] = [
    "Visited the shop floor. The {p} runs well and is much quicker than the old machine.",
    "Lunch with the plant manager, who told us about the new hall planned for next year.",
    "They have a new buyer. Introduced ourselves and explained the payment terms.",
    "Checked the site: foundation and power supply are ready for installation.",
    "Measured the space on site; the {p} has to be turned by ninety degrees.",
    "Talked about a yearly frame agreement with quarterly settlement.",
];
/// What is said when they are here.
const ZH_HERE: [&str; 3] = [
    "客户来公司参观装配线,对{p}的检测流程很满意。",
    "客户带样件来试切,{p}加工后表面质量达到要求。",
    "客户来厂验收前检查{p},提出两处小改动,已记录。",
];
const EN_HERE: [&str; 3] = [
    "They toured our assembly line and liked how we test every {p}.",
    "They brought parts for a trial cut on the {p}; the surface was as required.",
    "Inspected the {p} before acceptance and asked for two small changes, both noted.",
];
const ZH_NEXT: [&str; 6] = [
    "下周三前发送报价",
    "月底再打电话确认",
    "安排技术部回复",
    "等待客户书面确认",
    "预约下次拜访",
    "跟进付款",
];
const EN_NEXT: [&str; 6] = [
    "Send the offer by Wednesday",
    "Call again at the end of the month",
    "Have engineering answer",
    "Wait for their written confirmation",
    "Arrange the next visit",
    "Follow up on the payment",
];
const ZH_COMPLAINT: [&str; 8] = [
    "{p}运行两小时后有异响,要求派人检查。",
    "收到的{p}外包装破损,一角有磕碰。",
    "{p}的说明书缺少中文电气图。",
    "发票抬头少了一个字,财务无法入账,请重开。",
    "{p}的定位精度超差,达不到合同指标。",
    "送货司机态度不好,不肯卸到指定位置。",
    "咨询{p}的保养周期和润滑油型号。",
    "建议在{p}的防护门上加一个观察窗灯。",
];
const EN_COMPLAINT: [&str; 8] = [
    "The {p} makes an unusual noise after two hours. Please send somebody.",
    "The crate of the {p} arrived damaged and one corner is dented.",
    "The manual of the {p} has no wiring diagram in English.",
    "Our company name is misspelt on the invoice; accounts cannot book it.",
    "Positioning accuracy of the {p} is outside the agreed limits.",
    "The driver was rude and refused to unload at the agreed place.",
    "Which oil does the {p} need, and how often?",
    "A lamp behind the window of the {p} would help our operators.",
];
/// How each of those is answered, in the same order.
const ZH_ANSWER: [&str; 8] = [
    "工程师现场更换了轴承,试运行四小时无异响,客户签字确认。",
    "与物流公司交涉,赔偿已到位,破损件已补发。",
    "已发送中文电气图电子版,纸质版随下一批货寄出。",
    "已重开发票并快递寄出,客户确认收到。",
    "工程师现场重新补偿丝杠误差,激光检测合格,报告已交客户。",
    "已向客户说明并更换了承运商,司机已接受培训。",
    "已发送保养手册和润滑油清单,并电话讲解了一遍。",
    "建议已转技术部评估,新批次将增加照明灯选项。",
];
const EN_ANSWER: [&str; 8] = [
    "Our engineer replaced the bearing on site; four hours of running without noise.",
    "The carrier has paid for the damage and the dented part was sent again.",
    "Sent the English diagram electronically; paper copies follow with the next delivery.",
    "A corrected invoice has been sent and they confirmed receipt.",
    "Compensated the ball screw on site; the laser test passed and they have the report.",
    "Explained what happened and changed to another carrier.",
    "Sent the service manual with the list of oils and went through it by phone.",
    "Engineering will offer the lamp as an option from the next series on.",
];
const ZH_SURVEY: [&str; 5] = [
    "总体满意,希望交期再短一些。",
    "设备质量很好,资料可以再详细一点。",
    "服务响应快,工程师很专业。",
    "包装有待改进,其他没有问题。",
    "投诉处理得及时,会继续合作。",
];
const EN_SURVEY: [&str; 5] = [
    "Satisfied on the whole; delivery could be quicker.",
    "Very good machines, the manuals could say more.",
    "Service answers fast and knows its job.",
    "Packaging needs work, otherwise no complaints.",
    "Our complaint was dealt with in time; we will order again.",
];
const ZH_TASTE: [&str; 4] = [
    "喜欢喝龙井茶,周五下午不便打扰",
    "爱好钓鱼,儿子在上大学",
    "常出差,微信联系最快",
    "属虎,喜欢书法",
];
const EN_TASTE: [&str; 4] = [
    "Prefers e-mail to the phone",
    "Follows rugby, two children",
    "Vegetarian, enjoys hiking",
    "Never call before ten in the morning",
];

fn of<const N: usize>(
    dice: &mut Dice,
    tongue: Tongue,
    zh: &[&'static str; N],
    en: &[&'static str; N],
) -> &'static str {
    match tongue {
        Tongue::Chinese => dice.pick(zh),
        Tongue::English => dice.pick(en),
    }
}

fn fill(text: &str, tongue: Tongue, product: &Product) -> String {
    let name = match tongue {
        Tongue::Chinese => product.zh,
        Tongue::English => product.en,
    };
    text.replace("{p}", name)
}

/// Where an ordinary contact takes place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// On the phone or in writing.
    Remote,
    /// At the customer's.
    There,
    /// With us.
    Here,
}

/// Returns what was said on an ordinary contact.
pub fn contact(dice: &mut Dice, tongue: Tongue, place: Place, product: &Product) -> String {
    let text = match place {
        Place::Remote => of(dice, tongue, &ZH_REMOTE, &EN_REMOTE),
        Place::There => of(dice, tongue, &ZH_THERE, &EN_THERE),
        Place::Here => of(dice, tongue, &ZH_HERE, &EN_HERE),
    };
    fill(text, tongue, product)
}

/// Returns what comes next.
pub fn next_step(dice: &mut Dice, tongue: Tongue) -> &'static str {
    of(dice, tongue, &ZH_NEXT, &EN_NEXT)
}

/// Returns what a complaint says; `which` chooses its matter, 0 to 7.
pub fn complaint(which: usize, tongue: Tongue, product: &Product) -> String {
    let texts = match tongue {
        Tongue::Chinese => &ZH_COMPLAINT,
        Tongue::English => &EN_COMPLAINT,
    };
    fill(texts.get(which).copied().unwrap_or_default(), tongue, product)
}

/// Returns how a complaint of that matter was answered.
pub fn answer(which: usize, tongue: Tongue) -> &'static str {
    let texts = match tongue {
        Tongue::Chinese => &ZH_ANSWER,
        Tongue::English => &EN_ANSWER,
    };
    texts.get(which).copied().unwrap_or_default()
}

/// Returns what was added to a survey.
pub fn survey(dice: &mut Dice, tongue: Tongue) -> &'static str {
    of(dice, tongue, &ZH_SURVEY, &EN_SURVEY)
}

/// Returns what is known of a person.
pub fn taste(dice: &mut Dice, tongue: Tongue) -> &'static str {
    of(dice, tongue, &ZH_TASTE, &EN_TASTE)
}

/// Returns the title of an opportunity.
pub fn title(tongue: Tongue, product: &Product, count: i32) -> String {
    match tongue {
        Tongue::Chinese => format!("{}采购项目({count}台套)", product.zh),
        Tongue::English => format!("Supply of {count} x {}", product.en),
    }
}
